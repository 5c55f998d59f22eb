"""What is known of the standard library and of a few packages: calls, decorators and classes whose use at import does nothing but make
a value. Closed tables: what is not listed is taken to have an effect.
"""

from __future__ import annotations

import re


def _names(text: str) -> frozenset[str]:
    """`module: name name …` lines as dotted names."""
    found: set[str] = set()
    prefix = ""
    for word in text.split():
        if word.endswith(":"):
            prefix = word[:-1]
        else:
            found.add(f"{prefix}.{word}")
    return frozenset(found)


DATA_CALLS = _names("""
    builtins: abs bool bytearray bytes chr complex dict divmod enumerate filter float format frozenset hash hex int len list map
        max min oct ord pow range repr reversed round set slice sorted str sum tuple zip
    collections: ChainMap Counter OrderedDict deque
    datetime: date datetime time timedelta timezone
    decimal: Decimal
    fractions: Fraction
    json: dumps loads
    math: exp log log10 log2 radians sqrt
    os: getcwd getenv
    os.environ: copy get
    os.path: abspath basename dirname expanduser join normpath realpath splitext
    platform: machine python_version system
    re: escape
    shlex: split
    string: Template
    textwrap: dedent
    types: MappingProxyType
    uuid: UUID
    zoneinfo: ZoneInfo
""")
"""Calls that make plain data of plain data. With anything else as an argument they may run the user's code and are not pure."""

OBJECT_CALLS = _names("""
    builtins: classmethod object property staticmethod super
    abc: abstractmethod
    argparse: Namespace
    asyncio: Event Lock Semaphore
    attr: Factory ib
    attrs: Factory field
    collections: defaultdict namedtuple
    contextvars: ContextVar
    dataclasses: field make_dataclass
    enum: Enum Flag IntEnum IntFlag StrEnum auto
    functools: cache lru_cache partial singledispatch
    itertools: count
    logging: Formatter NullHandler StreamHandler getLogger
    numpy: dtype
    operator: attrgetter itemgetter methodcaller
    pathlib: Path PurePath PurePosixPath
    pathlib.Path: cwd home
    pydantic: ConfigDict Field
    queue: Queue
    random: Random
    re: compile
    struct: Struct
    threading: Condition Event Lock RLock Semaphore local
    types: SimpleNamespace
    typing: NamedTuple NewType ParamSpec TypeAliasType TypeVar TypeVarTuple TypedDict cast
    typing_extensions: NamedTuple NewType ParamSpec TypeAliasType TypeVar TypeVarTuple TypedDict cast
    weakref: WeakKeyDictionary WeakSet WeakValueDictionary
    wye: Cache Context Failure Format Resources Retry Schedule ScheduledTime Secret Uri each
""")
"""Calls that only make an object, whatever their arguments."""

CONTAINERS = _names("""
    builtins: bytearray dict list set
    collections: ChainMap Counter OrderedDict defaultdict deque
    types: SimpleNamespace
    weakref: WeakKeyDictionary WeakValueDictionary
""")
"""Calls that make something whose methods change it."""

_CLOCK = _names("""
    datetime.date: today
    datetime.datetime: now today utcnow
    time: ctime gmtime localtime monotonic monotonic_ns perf_counter perf_counter_ns process_time strftime time time_ns
""")
_PROCESS = _names("""
    os: getpid urandom
    secrets: choice randbelow randbits token_bytes token_hex token_urlsafe
    tempfile: gettempdir mkdtemp mktemp
    uuid: uuid1 uuid4
""")
_RANDOM = _names("""
    numpy.random: RandomState choice default_rng normal permutation rand randint randn random uniform
    random: Random SystemRandom betavariate choice choices gauss getrandbits randint random randrange sample shuffle uniform
""")
VOLATILE = {
    **dict.fromkeys(sorted(_CLOCK), "the clock"),
    **dict.fromkeys(sorted(_PROCESS), "the process"),
    **dict.fromkeys(sorted(_RANDOM), "a random generator"),
}
"""Calls whose value differs from process to process, and where it comes from."""

DROPPABLE_VOLATILE = _CLOCK | _names("""
    numpy.random: RandomState default_rng
    os: getpid urandom
    uuid: uuid1 uuid4
""")
"""Those of them that change nothing when nobody looks at the value."""

DATA_VALUES = _names("""
    builtins: Ellipsis False None True __debug__ __doc__ __file__ __name__ __package__
    datetime: UTC
    datetime.timezone: utc
    math: e inf nan pi tau
    os: linesep name pathsep sep
    string: ascii_letters ascii_lowercase ascii_uppercase digits hexdigits punctuation whitespace
    sys: byteorder executable hexversion maxsize platform version version_info
    typing: TYPE_CHECKING
""")
"""Values of the standard library that are plain data."""

PATH_ATTRIBUTES = frozenset(
    """
    anchor drive name parent parents parts root stem suffix suffixes
""".split()
)
PATH_METHODS = frozenset(
    """
    absolute as_posix as_uri expanduser is_absolute joinpath relative_to resolve with_name with_segments with_stem with_suffix
""".split()
)
DATA_METHODS = frozenset(
    """
    bit_length capitalize casefold center copy count date decode difference encode endswith format format_map get hex index
    intersection isdisjoint isoformat issubset issuperset items join keys ljust lower lstrip maketrans partition removeprefix
    removesuffix replace rjust rpartition rsplit rstrip split splitlines startswith strip symmetric_difference time title
    total_seconds translate union upper values zfill
""".split()
)
"""Attributes and methods of paths and of plain data that make such values and change nothing."""

DECORATORS = _names("""
    builtins: classmethod property staticmethod
    abc: abstractmethod
    attr: attrs define frozen mutable s
    attrs: define frozen mutable
    contextlib: asynccontextmanager contextmanager
    dataclasses: dataclass
    enum: global_enum member nonmember unique verify
    functools: cache cached_property lru_cache singledispatch singledispatchmethod total_ordering wraps
    numpy: vectorize
    pydantic: computed_field field_serializer field_validator model_serializer model_validator root_validator validator
    pydantic.dataclasses: dataclass
    torch: inference_mode no_grad
    types: coroutine
    typing: dataclass_transform deprecated final no_type_check overload override runtime_checkable
    typing_extensions: dataclass_transform deprecated final no_type_check overload override runtime_checkable
    warnings: deprecated
    wye: pipeline step
""")
"""Decorators that only make an object of what they decorate; called with arguments or not."""

BASES = _names("""
    pydantic: BaseModel RootModel
    pydantic_settings: BaseSettings
    sklearn.base: BaseEstimator ClassifierMixin ClusterMixin RegressorMixin TransformerMixin
    torch.nn: Module
    torch.utils.data: Dataset IterableDataset
    typing_extensions: NamedTuple Protocol TypedDict
""")
"""Classes of packages that do nothing when they are subclassed. Those of the standard library are all such."""

METACLASSES = _names("""
    builtins: type
    abc: ABCMeta
    enum: EnumMeta EnumType
""")
"""Metaclasses without an effect of their own."""

ENUMS = _names("""
    enum: Enum Flag IntEnum IntFlag ReprEnum StrEnum
""")
"""The bases of enumerations: `__init__` and `__new__` run once per member when the class is made."""

DYNAMIC_MODULE = _names("""
    builtins: eval exec globals
    inspect: currentframe getmodule stack
    sys: _getframe modules
""")
"""What looks names up in its own module by text."""

DYNAMIC_IMPORT = _names("""
    builtins: __import__
    importlib: __import__ import_module
    lazy_loader: attach attach_stub load
    pkgutil: iter_modules walk_packages
    runpy: run_module
""")
"""What imports a module by text."""

RESOURCES = frozenset({"importlib.resources", "importlib_resources"} | _names("""
    pkg_resources: resource_exists resource_filename resource_listdir resource_stream resource_string
    pkgutil: get_data
"""))  # fmt: skip
"""What reads files of a package: these, or anything of these modules. The package comes first."""

METADATA = frozenset({"importlib.metadata", "importlib_metadata"} | _names("""
    pkg_resources: get_distribution iter_entry_points load_entry_point require
"""))  # fmt: skip
"""What reads how a package was installed: its version, its entry points. The package's name comes first."""

SEEDS = {"random.seed": "random", "numpy.random.seed": "numpy.random"}
"""What seeds a generator that a whole process shares."""

STDLIB_EVER = frozenset(
    """
    aifc annotationlib asynchat asyncore audioop binhex cgi cgitb chunk compression crypt distutils graphlib imghdr imp lib2to3
    mailcap msilib nis nntplib ossaudiodev pathlib pipes smtpd sndhdr spwd sunau telnetlib tomllib uu xdrlib zoneinfo
""".split()
)
"""Standard modules of only some of the Pythons that run steps; with this Python's own list they make the answer the same everywhere."""

_IMPORT_NAMES = {
    "beautifulsoup4": "bs4", "opencv-python": "cv2", "opencv-python-headless": "cv2", "pillow": "PIL", "protobuf": "google", "pyjwt": "jwt",
    "python-dateutil": "dateutil", "python-dotenv": "dotenv", "pyyaml": "yaml", "scikit-image": "skimage", "scikit-learn": "sklearn",
}  # fmt: skip
"""Packages whose import name is not their own."""


def import_name(requirement: str) -> str:
    """The top-level module that a requirement most likely brings (`scikit-learn==1.7.2` brings `sklearn`)."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0].lower()
    return _IMPORT_NAMES.get(name) or name.replace("-", "_").replace(".", "_")
