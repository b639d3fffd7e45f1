"""The scales tree of the process: ``tree`` reads it safely, ``mount`` puts our figures into it."""
