"""Generative models, one folder per family, behind one protocol; what families of asymmetric units share lies beside
them."""
