"""What has broken a template engine, a shell, a YAML reader or a command line before."""

CORPUS = [
    "", " ", "  two  ", "\n", "\r", "\r\n", "\t", "a\nb", "a\\nb", "trailing\n", "\x0b\x0c\x1b[31m\x7f", "\x85\u2028\u2029\ufeff",
    "'", '"', "''", '""', "`", "'\"`", "\\", "\\\\", "\\'", "it's", '"""', "'''",
    "{{ds}}", "{{ ds }}", "{{ 1 + 1 }}", "{{ params.x }}", "{% raw %}", "{% endraw %}{{ 1 }}", "{#", "#}", "{{", "}}", "{", "}", "{}", "{0}", "{x!r}",
    "{{{{", "{{workflow.name}}", "{{=1+1}}", "{{inputs.parameters.x}}", "{{$}}", "{{$.inputs.parameters['x']}}", "${{ github.token }}",
    "$", "$$", "$HOME", "${HOME}", "${HOME:-x}", "$(x)", "$$(x)", "$(id)", "$((1+1))", "`id`", "!history", "~", "*", "?", "[a]", ";", "&&", "||", "|", ">", "<",
    "%", "%%", "%s", "%d", "%(x)s", "%PATH%", "&amp;", "<b>", "</script>", "--help", "-p", "@file", "=1+1",
    "yes", "no", "on", "off", "y", "n", "true", "True", "false", "null", "None", "NaN", ".nan", ".inf", "-.inf", "0", "-0", "007", "0x10", "0o7", "1e3", "1_000",
    "1:30", "2026-01-01", "12.0", "+1", "1.", ".5", "- a", "a: b", ": ", "# comment", "a #b", "&anchor", "*alias", "!!python/none", "|", ">-", "---", "...", "? x", "<<",
    "[]", "[1, 2]", '{"a": 1}', '"text"', '{"$tuple": [1]}', '"\\u0041"', "null\n", "\u00e9", "e\u0301", "\u4e2d\u6587", "\u0645\u0631\u062d\u0628\u0627",
    "\u202eabc\u202c", "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0010ffff", "\ufffe", "\u0130\u0131", "\u00df",
]  # fmt: skip

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
