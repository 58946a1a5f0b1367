"""The structure on screen: scene arrays, the view, pictures."""
