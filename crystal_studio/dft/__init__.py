"""DFT of chosen candidates: what is asked of a code, its inputs and outputs, bundles for a cluster."""
