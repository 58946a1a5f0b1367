"""Data sets, reference structures for novelty and the hull, the judge of equal crystals, and statistics of the
training set."""
