def publish(score: int) -> str:
    return "gold" if score >= 6 else "silver"
