"""The way of the database from release to release."""
