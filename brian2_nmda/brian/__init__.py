"""From a plan to Brian2 objects: the only room that creates them."""
