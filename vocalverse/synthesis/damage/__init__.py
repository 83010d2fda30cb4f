"""What can be done to a take, by grades: always the same for the same seed, and each grade worse than the one before.

Grade 0 is the control: what the way of damaging does by itself.
"""
