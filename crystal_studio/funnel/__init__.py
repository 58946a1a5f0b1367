"""The stages that judge candidates, each a function of a batch, and the funnels made of them."""
