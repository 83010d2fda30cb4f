"""What learns: recipes, losses and loops. Nothing that serves imports it."""
