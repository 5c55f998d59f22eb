import wye


def run_id() -> str:
    return wye.context().run_id
