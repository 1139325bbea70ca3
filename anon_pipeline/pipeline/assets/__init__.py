"""The graph's boxes, made from the one list of stages: ``sources``, ``extraction``, ``stages``; ``keys`` names them."""
