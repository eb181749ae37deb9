"""What is true of a computing centre without a screen: the model, the dialects, the insight drawn from them."""

__version__ = "0.1.0"
