"""How well the ear hears, in tables."""
