raise SystemExit("not for steps")
