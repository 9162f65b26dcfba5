name = "q"
