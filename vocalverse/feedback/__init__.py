"""What a singer is told: evidence in plain words, and the check that every number in them was measured."""
