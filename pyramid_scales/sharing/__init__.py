"""All workers of a machine as one application, through slots in a directory. ``shared`` leads."""
