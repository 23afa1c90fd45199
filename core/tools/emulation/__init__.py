"""Tool calls for models that have not learnt them."""
