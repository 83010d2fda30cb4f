"""Networks that hear: sound in, frames of features out. One file for each family, behind one Protocol."""
