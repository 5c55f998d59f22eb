"""What is known of the standard library and of a few packages: calls, decorators and classes whose use at import does nothing but make
a value. Closed tables: what is not listed is taken to have an effect.
"""

from __future__ import annotations


def _names(prefix: str, names: str) -> frozenset[str]:
    return frozenset(f"{prefix}.{n}" for n in names.split())


DATA_CALLS = _names(
    "builtins",
    "abs bool bytes bytearray chr complex dict divmod enumerate filter float format frozenset hash hex int len list map max min oct ord pow "
    "range repr reversed round set slice sorted str sum tuple zip",
) | _names("os.path", "join dirname basename abspath normpath splitext expanduser realpath") | {
    "textwrap.dedent", "fractions.Fraction", "decimal.Decimal", "math.sqrt", "math.log", "math.log2", "math.log10", "math.exp", "math.radians",
    "collections.OrderedDict", "collections.Counter", "collections.deque", "collections.ChainMap", "types.MappingProxyType", "os.getcwd",
    "os.getenv", "os.environ.get", "os.environ.copy", "platform.system", "platform.machine", "platform.python_version", "string.Template",
    "datetime.timedelta", "datetime.date", "datetime.datetime", "datetime.time", "datetime.timezone", "zoneinfo.ZoneInfo", "uuid.UUID",
    "re.escape", "shlex.split", "json.dumps", "json.loads",
}  # fmt: skip
"""Calls that make plain data of plain data. With anything else as an argument they may run the user's code and are not pure."""

OBJECT_CALLS = frozenset({
    "builtins.object", "builtins.property", "builtins.staticmethod", "builtins.classmethod", "re.compile", "logging.getLogger",
    "logging.NullHandler", "logging.StreamHandler", "logging.Formatter", "collections.namedtuple", "collections.defaultdict", "enum.auto", "enum.Enum",
    "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag", "dataclasses.field", "dataclasses.make_dataclass", "functools.partial",
    "functools.lru_cache", "functools.cache", "functools.singledispatch",
    "operator.itemgetter", "operator.attrgetter", "operator.methodcaller", "struct.Struct", "types.SimpleNamespace", "itertools.count",
    "threading.Lock", "threading.RLock", "threading.Event", "threading.local", "threading.Semaphore", "threading.Condition", "asyncio.Lock",
    "asyncio.Semaphore", "asyncio.Event", "queue.Queue", "contextvars.ContextVar", "weakref.WeakKeyDictionary", "weakref.WeakValueDictionary",
    "weakref.WeakSet", "pathlib.Path", "pathlib.PurePath", "pathlib.PurePosixPath", "pathlib.Path.home", "pathlib.Path.cwd", "random.Random",
    "abc.abstractmethod", "builtins.super", "argparse.Namespace",
}) | frozenset(f"{m}.{n}" for m in ("typing", "typing_extensions") for n in "TypeVar ParamSpec TypeVarTuple NewType NamedTuple TypedDict cast TypeAliasType".split()) | (
    _names("wye", "Resources Retry Schedule Secret Cache Format Uri ScheduledTime each")
) | frozenset({"numpy.dtype", "pydantic.Field", "pydantic.ConfigDict", "attr.ib", "attrs.field", "attrs.Factory", "attr.Factory"})  # fmt: skip
"""Calls that only make an object, whatever their arguments."""

VOLATILE = {
    **dict.fromkeys([*_names("time", "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time ctime localtime gmtime strftime"),
                     *_names("datetime", "datetime.now datetime.utcnow datetime.today date.today")], "the clock"),
    **dict.fromkeys([*_names("uuid", "uuid1 uuid4"), *_names("secrets", "token_hex token_bytes token_urlsafe choice randbelow randbits"),
                     *_names("os", "urandom getpid"), "tempfile.mkdtemp", "tempfile.mktemp", "tempfile.gettempdir"], "the process"),
    **dict.fromkeys([*_names("random", "random randint randrange choice choices sample shuffle uniform gauss getrandbits betavariate Random SystemRandom"),
                     *_names("numpy.random", "rand randn randint random choice uniform normal default_rng RandomState permutation")], "a random generator"),
}  # fmt: skip
"""Calls whose value differs from process to process, and where it comes from."""

DROPPABLE_VOLATILE = frozenset(n for n, origin in VOLATILE.items() if origin == "the clock") | {
    "uuid.uuid1", "uuid.uuid4", "os.getpid", "os.urandom", "numpy.random.default_rng", "numpy.random.RandomState"
}
"""Those of them that change nothing when nobody looks at the value."""

DATA_VALUES = frozenset({"sys.version_info", "sys.platform", "sys.version", "sys.maxsize", "sys.executable", "sys.byteorder", "sys.hexversion", "os.name",
                         "os.sep", "os.linesep", "os.pathsep", "math.pi", "math.e", "math.tau", "math.inf", "math.nan", "string.ascii_letters",
                         "string.ascii_lowercase", "string.ascii_uppercase", "string.digits", "string.punctuation", "string.hexdigits",
                         "string.whitespace", "datetime.timezone.utc", "datetime.UTC", "builtins.__debug__", "builtins.__name__",
                         "builtins.__file__", "builtins.__doc__", "builtins.__package__", "builtins.True", "builtins.False", "builtins.None",
                         "builtins.Ellipsis", "typing.TYPE_CHECKING"})  # fmt: skip

PATH_ATTRIBUTES = frozenset("parent name stem suffix suffixes parents parts root anchor drive".split())
PATH_METHODS = frozenset(
    "resolve absolute joinpath with_suffix with_name with_stem expanduser as_posix relative_to is_absolute with_segments as_uri".split()
)
DATA_METHODS = frozenset(
    "split rsplit splitlines join format format_map strip lstrip rstrip upper lower title capitalize casefold replace encode decode keys values items get copy count index "
    "startswith endswith partition rpartition removeprefix removesuffix zfill center ljust rjust union intersection difference "
    "symmetric_difference issubset issuperset isdisjoint bit_length hex isoformat total_seconds date time replace splitlines translate maketrans".split()
)

DECORATORS = frozenset({
    "wye.step", "wye.pipeline", "builtins.staticmethod", "builtins.classmethod", "builtins.property", "functools.wraps", "functools.lru_cache",
    "functools.cache", "functools.total_ordering", "functools.cached_property", "functools.singledispatch", "functools.singledispatchmethod",
    "dataclasses.dataclass", "enum.unique", "enum.verify", "enum.member", "enum.nonmember", "enum.global_enum", "contextlib.contextmanager",
    "contextlib.asynccontextmanager", "abc.abstractmethod", "types.coroutine", "warnings.deprecated",
    "attr.s", "attr.attrs", "attr.define", "attr.frozen", "attr.mutable", "attrs.define", "attrs.frozen", "attrs.mutable",
    "pydantic.dataclasses.dataclass", "pydantic.validator", "pydantic.field_validator", "pydantic.model_validator", "pydantic.root_validator",
    "pydantic.computed_field", "pydantic.field_serializer", "pydantic.model_serializer", "numpy.vectorize", "torch.no_grad", "torch.inference_mode",
}) | frozenset(f"{m}.{n}" for m in ("typing", "typing_extensions") for n in "overload final override no_type_check runtime_checkable dataclass_transform deprecated".split())  # fmt: skip
"""Decorators that only make an object of what they decorate; called with arguments or not."""

BASES = frozenset({
    "pydantic.BaseModel", "pydantic.RootModel", "pydantic_settings.BaseSettings", "torch.nn.Module", "torch.utils.data.Dataset",
    "torch.utils.data.IterableDataset", "sklearn.base.BaseEstimator", "sklearn.base.TransformerMixin", "sklearn.base.ClassifierMixin",
    "sklearn.base.RegressorMixin", "sklearn.base.ClusterMixin", "typing_extensions.TypedDict", "typing_extensions.NamedTuple",
    "typing_extensions.Protocol",
})  # fmt: skip
"""Classes of packages that do nothing when they are subclassed. Those of the standard library are all such."""

METACLASSES = frozenset({"abc.ABCMeta", "enum.EnumMeta", "enum.EnumType", "builtins.type"})
ENUMS = frozenset({"enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag", "enum.ReprEnum"})

DYNAMIC_MODULE = frozenset({"builtins.globals", "builtins.eval", "builtins.exec", "sys.modules", "sys._getframe", "inspect.currentframe", "inspect.stack", "inspect.getmodule"})
"""What looks names up in its own module by text."""

DYNAMIC_IMPORT = frozenset({"importlib.import_module", "builtins.__import__", "importlib.__import__", "runpy.run_module", "pkgutil.iter_modules", "pkgutil.walk_packages"})
HINTS = frozenset({"typing.get_type_hints", "typing_extensions.get_type_hints", "inspect.get_annotations", "annotationlib.get_annotations"})
"""What evaluates or shows annotations."""

SEEDS = {"random.seed": "random", "numpy.random.seed": "numpy.random"}
STDLIB_EVER = frozenset(
    "asynchat asyncore aifc audioop binhex cgi cgitb chunk compression crypt distutils formatter imghdr imp lib2to3 mailcap msilib nis nntplib "
    "ossaudiodev parser pipes smtpd sndhdr spwd string sunau symbol telnetlib tomllib uu xdrlib annotationlib pathlib zoneinfo graphlib".split()
)
"""Standard modules of only some of the Pythons that run steps; with this Python's own list they make the answer the same everywhere."""
