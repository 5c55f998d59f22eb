NAME = "sweet"
