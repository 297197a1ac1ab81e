print("turboquant")
