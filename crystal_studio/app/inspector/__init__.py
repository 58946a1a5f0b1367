"""Everything known about one candidate, in tabs."""
