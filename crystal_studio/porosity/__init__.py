"""Pores of crystals: how wide they are, how much surface and room they have. Computed by programs of their own."""
