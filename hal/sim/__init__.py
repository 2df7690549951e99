"""Models of the hardware: they keep every promise of `hal.interface`, and can be made to break."""
