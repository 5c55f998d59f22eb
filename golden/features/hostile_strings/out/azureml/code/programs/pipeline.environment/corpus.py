ENVIRONMENT = {
    "HOSTILE_JINJA": "{{ 1 + 1 }} {{ds}} {% raw %}",
    "HOSTILE_SHELL": "$HOME ${HOME} $(HOSTILE_JINJA) $$(x) `id` ; # &",
    "HOSTILE_QUOTES": "it's \"quoted\" \\ back",
    "HOSTILE_LINES": "one\ntwo\n",
    "HOSTILE_YES": "yes",
    "HOSTILE_NUMBER": "007",
    "HOSTILE_NULL": "null",
    "HOSTILE_EMPTY": "",
    "HOSTILE_UNICODE": "\u00e9 \U0001f600 \u202eabc\u202c",
    "HOSTILE_PERCENT": "%(x)s %s %%",
}
