"""The page that listeners see: plain files, served as they are."""
