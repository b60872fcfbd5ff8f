"""conda's own packages, put in place from their archives as conda does it, without conda."""
