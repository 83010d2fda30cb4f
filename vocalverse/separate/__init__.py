"""The ear: from a venue's recording to the voice alone, without its backing and its room."""
