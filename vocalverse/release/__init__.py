"""What is judged by what: an immutable folder of routes, heads and calibration, and the judge that goes by it."""
