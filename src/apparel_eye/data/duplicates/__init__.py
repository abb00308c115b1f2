"""Which photos are copies of each other, exact or near."""
