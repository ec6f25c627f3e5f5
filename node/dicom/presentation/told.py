"""What objects beside the images tell of themselves, part by part: the shapes of this package's answers, which mypy holds the
code to and which the OpenAPI document takes from here. Texts are empty and lists without entries where an object is silent."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads typing's own only from Python 3.12 on


class Code(TypedDict):
    """A coded entry (PS3.3 8.8); `vi` is its Vietnamese word, where the node knows one."""

    value: str
    scheme: str
    meaning: str
    vi: NotRequired[str]


class ImageReference(TypedDict):
    """Frames count from 1; none: all of them."""

    sop: str
    frames: list[int]


# --- documents --------------------------------------------------------------------------------------------------------

ObjectReference = TypedDict(  # one key is a word of Python
    "ObjectReference", {"sop": str, "class": str, "series": str, "frames": list[int]}
)


class ContentValue(TypedDict, total=False):
    """What an item says, by its type; what it does not have is left out."""

    value: str
    number: float
    unit: str
    code: Code
    reference: ObjectReference
    points: list[float]


class ContentItem(ContentValue):
    """An item of a structured report's content tree."""

    name: Code | None
    type: str
    relation: NotRequired[str]
    children: NotRequired[list[ContentItem]]


class DocumentVerifier(TypedDict):
    name: str
    at: str


class Evidence(TypedDict):
    sop: str
    series: str


class StructuredDocument(TypedDict):
    """A structured report or a key object selection; `evidence`: what it was made from."""

    kind: Literal["report", "key-objects"]
    completion: str
    verification: str
    preliminary: str
    verifiers: list[DocumentVerifier]
    date: str
    time: str
    institution: str
    manufacturer: str
    template: str
    root: ContentItem
    evidence: list[Evidence]


# --- waveforms --------------------------------------------------------------------------------------------------------


class WaveformChannel(TypedDict):
    """`data` are 16-bit little endian integers in base64, value = data x scale + offset in `unit` (mV for voltages)."""

    name: str
    unit: str
    scale: float
    offset: float
    low: float | None
    high: float | None
    notch: float | None
    data: str


class WaveformGroup(TypedDict):
    """`frequency` in Hz: samples per second."""

    label: str
    originality: str
    frequency: float
    samples: int
    seconds: float
    channels: list[WaveformChannel]


class WaveformNote(TypedDict):
    """What the machine says of the tracing: a text, or a measured value with its name."""

    name: str
    text: str
    value: str
    unit: str
    samples: list[int]


class Waveform(TypedDict):
    groups: list[WaveformGroup]
    annotations: list[WaveformNote]
    acquired: str


# --- overlays and shutters --------------------------------------------------------------------------------------------


class OverlayPlane(TypedDict):
    """`type` is G or R. `top` and `left` are the pixel of the image, from 1, that the plane's first one lies on. `frames` are
    PNGs in base64, white where the overlay is set, else transparent."""

    group: int
    label: str
    description: str
    type: str
    rows: int
    columns: int
    top: int
    left: int
    first_frame: int
    frames: list[str]


class OverlayPlanes(TypedDict):
    planes: list[OverlayPlane]


class Shutter(TypedDict):
    """Positions are pixels from 1. `rectangle`: left, right, upper, lower; `circle`: row, column, radius; `polygon`: row and
    column of each corner; `bitmap`: the group of the overlay plane that covers. `grey` is 0 to 255."""

    shapes: list[str]
    rectangle: list[float] | None
    circle: list[float] | None
    polygon: list[list[float]] | None
    bitmap: int | None
    grey: int


# --- presentation states ----------------------------------------------------------------------------------------------

Undrawn = Literal["pseudo-colour", "blending", "subtraction", "volume", "compound-graphics", "table"]


class PlacedImages(ImageReference):
    series: str


class GraphicLayer(TypedDict):
    name: str
    order: int
    description: str
    colour: list[int] | None


class Graphic(TypedDict):
    type: str
    units: str
    points: list[list[float]]
    filled: bool


class TextObject(TypedDict):
    text: str
    units: str
    top_left: list[float] | None
    bottom_right: list[float] | None
    align: str
    anchor: list[float] | None
    anchor_units: str
    anchor_visible: bool


class GraphicAnnotation(TypedDict):
    layer: str
    images: list[ImageReference]
    graphics: list[Graphic]
    texts: list[TextObject]


class DisplayedArea(TypedDict):
    images: list[ImageReference]
    top_left: list[float]
    bottom_right: list[float]
    mode: str
    magnification: float | None


class Lut(TypedDict):
    """A look-up table (PS3.3 C.11.1.1.1). `descriptor`: entries, first value mapped, bits of an entry."""

    descriptor: list[int]
    entries: list[int]


class Rescale(TypedDict):
    slope: float
    intercept: float


class ShownWindow(TypedDict):
    """A window by centre, width and function, or a table by its descriptor and entries."""

    images: list[ImageReference]
    name: str
    center: NotRequired[float]
    width: NotRequired[float]
    function: NotRequired[str]
    descriptor: NotRequired[list[int]]
    entries: NotRequired[list[int]]


class Presentation(TypedDict):
    """How somebody saw images. `modality` is of stored values, null: they stay what they are. `left_out`: what the state says
    and the viewer cannot show."""

    label: str
    description: str
    creator: str
    date: str
    time: str
    images: list[PlacedImages]
    layers: list[GraphicLayer]
    annotations: list[GraphicAnnotation]
    shutter: Shutter | None
    overlays: list[OverlayPlane]
    areas: list[DisplayedArea]
    rotation: int
    flipped: bool
    windows: list[ShownWindow]
    inverse: bool
    modality: Rescale | Lut | None
    presentation_lut: Lut | None
    left_out: list[Undrawn]


# --- segmentations and structures -------------------------------------------------------------------------------------


class Segment(TypedDict):
    """`colour` is RGB."""

    number: int
    label: str
    colour: list[int]
    category: str
    kind: str
    algorithm: str


class SegmentFrame(TypedDict):
    """`number` from 1. `segment` 0: all of them, the values are segment numbers. Places are of the patient, in mm; `source`
    are SOP Instance UIDs."""

    number: int
    segment: int
    position: list[float]
    orientation: list[float]
    spacing: list[float]
    thickness: float | None
    source: list[str]
    source_frames: list[int]


class Segmentation(TypedDict):
    """`type` is BINARY, FRACTIONAL or LABELMAP."""

    type: str
    label: str
    frame_of_reference: str
    rows: int
    columns: int
    segments: list[Segment]
    frames: list[SegmentFrame]


class Contour(TypedDict):
    """`points` are [x, y, z] in mm; `source` are SOP Instance UIDs."""

    points: list[list[float]]
    closed: bool
    source: list[str]


class Structure(TypedDict):
    """`colour` is RGB."""

    number: int
    label: str
    colour: list[int]
    contours: list[Contour]


class StructureSet(TypedDict):
    label: str
    structures: list[Structure]


# --- what can be laid over a series -------------------------------------------------------------------------------------

LayerKind = Literal["presentation", "segmentation", "structures"]


class Layer(TypedDict):
    """`date`: DICOM DA and TM without a blank."""

    kind: LayerKind
    series: str
    sop: str
    label: str
    description: str
    creator: str
    date: str


class Layers(TypedDict):
    items: list[Layer]


# --- headers ----------------------------------------------------------------------------------------------------------


class Attribute(TypedDict):
    """`bytes` is the length of a binary value, which is not told."""

    depth: int
    tag: str
    name: str
    vr: str
    value: str
    bytes: int | None


class Attributes(TypedDict):
    """`more`: there were too many rows."""

    rows: list[Attribute]
    more: bool
