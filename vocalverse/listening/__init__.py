"""H-TPR: people put three takes in order without knowing what the judge thinks of them."""
