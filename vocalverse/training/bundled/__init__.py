"""How the releases that come with VocalVerse are made, out of nothing and out of a folder of real singing."""
