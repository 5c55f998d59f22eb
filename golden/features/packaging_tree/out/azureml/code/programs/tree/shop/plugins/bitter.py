NAME = "bitter"
