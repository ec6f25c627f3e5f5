/** Written by `make docs` from what the node says of its HTTP API: change the models there, not this file. */
export interface Schemas {
  /** What was added after the report was signed. */
  Added: {
    answers: Schemas['Answered'][];
    at: string;
    comparison: string;
    conclusion: string;
    findings: string;
    limitations: string;
    recommendation: string;
    signatures: Schemas['Signed'][];
    technique: string;
  };
  /** To one question of a consultation. */
  'Answer-Input': {
    answer?: string;
    question: string;
  };
  /** To one question of a consultation. */
  'Answer-Output': {
    answer: string;
    question: string;
  };
  Answered: {
    answer: string;
    question: string;
  };
  AnswerOpinion: {
    answer: string;
  };
  /** A file of the quarantine; `reason` says why it is there. */
  AsideFile: {
    calling_ae: string;
    name: string;
    peer: string;
    reason: string;
    received_at: string;
    size: number;
    via: string;
  };
  AskedKey: {
    key: string;
    kind: string;
    value: string | null;
  };
  /** `of`: a radiologist; empty: whoever takes it. */
  AskOpinion: {
    of?: string;
    question: string;
  };
  /** `bytes` is the length of a binary value, which is not told. */
  Attribute: {
    bytes: number | null;
    depth: number;
    name: string;
    tag: string;
    value: string;
    vr: string;
  };
  /** `more`: there were too many rows. */
  Attributes: {
    more: boolean;
    rows: Schemas['Attribute'][];
  };
  AuditRecord: {
    actor: string;
    at: string;
    detail: {
      [key: string]: unknown;
    };
    id: number;
    kind: string;
    subject: string;
  };
  AuditRecords: {
    items: Schemas['AuditRecord'][];
  };
  /** A text in both languages. */
  Both: {
    en: string;
    vi: string;
  };
  /** `override_scope`: the caller knows that it is outside their scope. `heartbeat`: signs of life will come. */
  Claim: {
    heartbeat?: boolean;
    override_scope?: boolean;
  };
  /** The service clock; `left_seconds` is negative when it has run out. */
  Clock: {
    left_seconds: number;
    limit_seconds: number;
    overdue: boolean;
    running: boolean;
    used_seconds: number;
  };
  /** A coded entry (PS3.3 8.8); `vi` is its Vietnamese word, where the node knows one. */
  Code: {
    meaning: string;
    scheme: string;
    value: string;
    vi?: string;
  };
  /** Someone who can be asked, or to whom a study can be given. */
  Colleague: {
    display_name: string;
    me: boolean;
    on_call_now: boolean;
    seniority: Schemas['Seniority'];
    username: string;
  };
  ColleagueList: {
    items: Schemas['Colleague'][];
  };
  /** An item of a structured report's content tree. */
  ContentItem: {
    children?: Schemas['ContentItem'][];
    code?: Schemas['Code'];
    name: Schemas['Code'] | null;
    number?: number;
    points?: number[];
    reference?: Schemas['ObjectReference'];
    relation?: string;
    type: string;
    unit?: string;
    value?: string;
  };
  /** `points` are [x, y, z] in mm; `source` are SOP Instance UIDs. */
  Contour: {
    closed: boolean;
    points: number[][];
    source: string[];
  };
  Credentials: {
    password: string;
    username: string;
  };
  /** A finding that must be told at once; the category is a suggestion (1 minutes, 2 hours, 3 days). */
  Critical: {
    category: 1 | 2 | 3;
    en: string;
    vi: string;
  };
  /** A critical finding as the report records it. */
  CriticalShown: {
    category: 1 | 2 | 3;
    channel: string;
    noted_at: string | null;
    noted_by: string;
    raised_at: string;
    read_back: boolean;
    text: string;
  };
  Decided: {
    subject: string;
  };
  /** `destination` is a peer's code, empty for this node itself; `destination_name` is for people. */
  Delivery: {
    attempts: number;
    closed: boolean;
    destination: string;
    destination_name: string;
    id: number;
    items: Schemas['ItemCounts'];
    last_error: string;
    next_attempt_at: string | null;
    problems: Schemas['ItemProblem'][];
    state: Schemas['DeliveryState'];
  };
  DeliveryState: 'waiting' | 'sending' | 'delivered' | 'verified' | 'held' | 'refused';
  DicomPeer: {
    ae_title: string;
    certificate: Schemas['ShownCertificate'] | null;
    code: string;
    facility: string;
    facility_name: string;
    host: string;
    max_associations: number;
    name: string;
    open: number;
    pinned: boolean;
    port: number;
    refused: Schemas['ShownCall'] | null;
    seen: Schemas['ShownCall'] | null;
    services: string[];
    testable: boolean;
    tls: boolean;
  };
  DisplayedArea: {
    bottom_right: number[];
    images: Schemas['ImageReference'][];
    magnification: number | null;
    mode: string;
    top_left: number[];
  };
  DocumentVerifier: {
    at: string;
    name: string;
  };
  Evidence: {
    series: string;
    sop: string;
  };
  Expiry: 'good' | 'soon' | 'urgent' | 'expired';
  Failure: {
    fault: string;
    hint: string;
    message: string;
  };
  /** One field of a form that is not right; `code`, where there is one, finds the words. */
  FieldFault: {
    code?: string;
    field: string;
    message: string;
  };
  /** `overdue`: nobody took note in time. */
  Finding: {
    category: 1 | 2 | 3;
    channel: '' | 'application' | 'telephone' | 'video' | 'message';
    due_at: string;
    escalated_at: string | null;
    id: string;
    noted_at: string | null;
    noted_by: string;
    overdue: boolean;
    raised_at: string;
    raised_by: string;
    read_back: boolean;
    state: 'raised' | 'told' | 'noted' | 'withdrawn';
    text: string;
    told_at: string | null;
  };
  Findings: {
    items: Schemas['Finding'][];
  };
  FormFault: {
    code: string;
    field: string;
    message: string;
  };
  Graphic: {
    filled: boolean;
    points: number[][];
    type: string;
    units: string;
  };
  GraphicAnnotation: {
    graphics: Schemas['Graphic'][];
    images: Schemas['ImageReference'][];
    layer: string;
    texts: Schemas['TextObject'][];
  };
  GraphicLayer: {
    colour: number[] | null;
    description: string;
    name: string;
    order: number;
  };
  Health: {
    status: 'ok';
  };
  /** `idle_seconds`: how long the reader did nothing. */
  Heartbeat: {
    idle_seconds?: number;
  };
  /** What can happen to a study, in the order in which it usually does. */
  Hop: 'first-image' | 'complete' | 'late-images' | 'routed' | 'prepared' | 'held' | 'sending' | 'delivered' | 'verified' | 'ready' | 'claimed' | 'released' | 'drafted' | 'question-asked' | 'unreadable' | 'answered' | 'preliminary-signed' | 'signed' | 'correction-begun' | 'addendum-begun' | 'addendum-signed' | 'report-built' | 'report-sent' | 'report-received' | 'report-reidentified' | 'report-delivered' | 'refused';
  /** Frames count from 1; none: all of them. */
  ImageReference: {
    frames: number[];
    sop: string;
  };
  Imported: {
    faults: Schemas['FormFault'][];
    format: 'dicom' | 'json' | 'csv';
    passed_over: string[];
    preview: boolean;
    rows: Schemas['Row'][];
    taken: number;
  };
  Instance: {
    columns: number;
    frames: number;
    number: number | null;
    rows: number;
    sop_class_uid: string;
    sop_instance_uid: string;
  };
  ItemCounts: {
    delivered: number;
    held: number;
    prepared: number;
    refused: number;
    waiting: number;
  };
  ItemProblem: {
    count: number;
    reason: string;
  };
  /** `date`: DICOM DA and TM without a blank. */
  Layer: {
    creator: string;
    date: string;
    description: string;
    kind: 'presentation' | 'segmentation' | 'structures';
    label: string;
    series: string;
    sop: string;
  };
  Layers: {
    items: Schemas['Layer'][];
  };
  LeftOut: {
    because: string;
    found: string[];
    only: number;
    orders: number;
  };
  /**
   * A letter as it is shown. `kind` is one of `LetterKind`, or what a newer node calls otherwise: it is shown as a note.
   * `body` holds the parts that follow from the kind. `open`: it waits for somebody at the origin.
   */
  Letter: {
    about: string;
    at: string;
    author: string;
    body: {
      [key: string]: unknown;
    };
    id: string;
    kind: string;
    mine_side: boolean;
    node: string;
    node_name: string;
    open: boolean;
  };
  /** Who writes it, what it says, and its body. */
  LetterKind: 'request' | 'question' | 'answer' | 'repeat' | 'repeated' | 'critical' | 'noted' | 'critical-over' | 'acceptance' | 'outcome' | 'note';
  /**
   * What of a study's letters waits: how many questions and requests to repeat for an answer, whether a critical finding
   * that nobody at the origin has noted, whether a report that came home and was not accepted or declined.
   */
  LetterMarks: {
    critical: boolean;
    questions: number;
    to_accept: boolean;
  };
  /**
   * A place in a section that stands for something: a measurement (`id` of the mark) or a field of the template.
   * `start` and `end` count UTF-16 units, as browsers do; they are a convenience of the editor and no part of the text.
   */
  Link: {
    end: number;
    id: string;
    kind: 'mark' | 'field';
    section: string;
    start: number;
  };
  LintFinding: {
    code: 'abbreviation' | 'placeholder';
    end: number;
    expansion: string;
    section: string;
    start: number;
    text: string;
  };
  LintFindings: {
    items: Schemas['LintFinding'][];
  };
  LintRequest: {
    language?: 'vi' | 'en';
    text: string;
  };
  /** A look-up table (PS3.3 C.11.1.1.1). `descriptor`: entries, first value mapped, bits of an entry. */
  Lut: {
    descriptor: number[];
    entries: number[];
  };
  /**
   * A mark as it is kept. `in_report`: it goes into the report; of a mark that neither who has the study nor a signer made, it
   * is false until who has the study saves it.
   */
  Mark: {
    author: string;
    author_name: string;
    basis: Schemas['SpacingBasis'];
    frame: number;
    id: string;
    in_report: boolean;
    kind: Schemas['MeasurementKind'];
    mine: boolean;
    points: [
      number,
      number
    ][];
    revision: number;
    series_instance_uid: string;
    sop_instance_uid: string;
    text: string;
    updated_at: string;
    values: Schemas['MarkValue'][];
  };
  MarkList: {
    items: Schemas['Mark'][];
    writable: boolean;
  };
  /** One number of a mark; `unit` is a UCUM code. */
  MarkValue: {
    name: string;
    number: number;
    unit: string;
  };
  /** What is drawn; `points` says which points, in this order. */
  MeasurementKind: 'length' | 'bidirectional' | 'angle' | 'cobb' | 'ellipse' | 'rectangle' | 'probe' | 'arrow' | 'cardiothoracic' | 'calibration';
  /** What can be set up. */
  Name: 'worklist-filters' | 'hanging-protocols' | 'keys' | 'macros' | 'viewer';
  NewFinding: {
    category: 1 | 2 | 3;
    id?: string;
    text: string;
  };
  NewLetter: {
    about?: string;
    body?: {
      [key: string]: unknown;
    };
    id?: string;
    kind: Schemas['LetterKind'];
  };
  /** What is saved; `base_revision` is 0 for one that is new. */
  NewMark: {
    base_revision: number;
    basis?: Schemas['SpacingBasis'];
    frame: number;
    id: string;
    in_report?: boolean;
    kind: Schemas['MeasurementKind'];
    points: [
      number,
      number
    ][];
    series_instance_uid: string;
    sop_instance_uid: string;
    text?: string;
    values?: Schemas['MarkValue'][];
  };
  NewPriority: {
    priority: Schemas['Priority'];
  };
  /** `after`: the task that the caller has just left. */
  Next: {
    after?: string;
  };
  /** The sections as they read when nothing is found. */
  NormalText: {
    conclusion: string;
    findings: string;
    recommendation: string;
    technique: string;
  };
  NormalTexts: {
    en: Schemas['NormalText'];
    vi: Schemas['NormalText'];
  };
  /** One notice; its words are the page's, by `kind`. */
  NoticeItem: {
    at: string;
    detail: {
      [key: string]: unknown;
    };
    id: number;
    kind: string;
    over: boolean;
    seen: boolean;
    study_instance_uid: string;
    task_id: string;
    urgent: boolean;
  };
  NoticeList: {
    items: Schemas['NoticeItem'][];
    unseen: number;
  };
  /** One SOP Instance UID under which different bytes came; the newest version first. */
  ObjectConflict: {
    sop_instance_uid: string;
    versions: Schemas['Version'][];
  };
  ObjectReference: {
    class: string;
    frames: number[];
    series: string;
    sop: string;
  };
  /** A window in local time (UTC+7); days from 0, Monday. One that ends before it begins goes over midnight. */
  OnCall: {
    days: number[];
    from: string;
    to: string;
  };
  OpinionList: {
    items: Schemas['OpinionShown'][];
  };
  /** A second opinion; empty `asked_of`: whoever takes it. */
  OpinionShown: {
    answer: string;
    answered_at: string | null;
    answered_by: string;
    answered_by_name: string;
    asked_at: string;
    asked_by: string;
    asked_by_name: string;
    asked_of: string;
    asked_of_name: string;
    id: string;
    question: string;
    state: 'open' | 'answered';
  };
  /** One value of an enum, with its words. */
  Option: {
    en: string;
    value: string;
    vi: string;
  };
  /** An order as it is kept. Dates are DICOM DA, times TM; several allergies or alerts are separated by backslashes. */
  Order: {
    accession_number: string;
    alerts: string;
    allergies: string;
    birth_date: string;
    created_at: string;
    created_by: string;
    created_by_name: string;
    id: string;
    images: number;
    issuer_of_patient_id: string;
    location: string;
    modality: string;
    patient_id: string;
    patient_name: string;
    performing_physician: string;
    pregnancy: ('no' | 'possible' | 'yes' | 'unknown') | null;
    priority: Schemas['Priority'];
    procedure_code: string;
    procedure_code_scheme: string;
    procedure_description: string;
    procedure_id: string;
    reason: string;
    referring_physician: string;
    revision: number;
    scheduled_date: string;
    scheduled_time: string;
    sex: string;
    state: 'scheduled' | 'in-progress' | 'completed' | 'discontinued' | 'cancelled';
    stations: string[];
    step_description: string;
    step_id: string;
    study_uid: string;
    updated_at: string;
    weight: number | null;
  };
  /** A correction; `revision` is that of the order as it was read. */
  OrderChange: {
    /** At most 16 characters, unique. */
    accession_number?: string;
    alerts?: string;
    /** Several are separated by semicolons. */
    allergies?: string;
    /** Also a year alone. */
    birth_date?: string;
    issuer_of_patient_id?: string;
    /** Ward and bed. */
    location?: string;
    /** CT, MR, DX, CR, US, MG, XA … or a Vietnamese word for it. */
    modality: string;
    patient_id: string;
    patient_name: string;
    performing_physician?: string;
    pregnancy?: ('no' | 'possible' | 'yes' | 'unknown' | '') | null;
    priority?: Schemas['Priority'];
    procedure_code?: string;
    procedure_code_scheme?: string;
    procedure_description?: string;
    procedure_id?: string;
    /** The clinical question. */
    reason?: string;
    referring_physician?: string;
    revision: number;
    scheduled_date?: string;
    scheduled_time?: string;
    /** M, F or O. */
    sex?: string;
    /** AE titles. */
    stations?: string[];
    step_description?: string;
    step_id?: string;
    study_uid?: string;
    /** Kilograms. */
    weight?: number | string | null;
  };
  OrderDetail: {
    accession_number: string;
    alerts: string;
    allergies: string;
    birth_date: string;
    created_at: string;
    created_by: string;
    created_by_name: string;
    id: string;
    images: number;
    issuer_of_patient_id: string;
    location: string;
    modality: string;
    patient_id: string;
    patient_name: string;
    performed: Schemas['Performed'][];
    performing_physician: string;
    pregnancy: ('no' | 'possible' | 'yes' | 'unknown') | null;
    priority: Schemas['Priority'];
    procedure_code: string;
    procedure_code_scheme: string;
    procedure_description: string;
    procedure_id: string;
    reason: string;
    referring_physician: string;
    revision: number;
    scheduled_date: string;
    scheduled_time: string;
    sex: string;
    state: 'scheduled' | 'in-progress' | 'completed' | 'discontinued' | 'cancelled';
    stations: string[];
    step_description: string;
    step_id: string;
    study_uid: string;
    updated_at: string;
    weight: number | null;
  };
  /**
   * An order as a person writes it. Dates: 20261122, 2026-11-22 or 22/11/2026; times: 0830, 08:30. Empty identifiers are
   * made by the node; without a scheduled date the order is for now; without stations any machine of the modality is told.
   */
  OrderForm: {
    /** At most 16 characters, unique. */
    accession_number?: string;
    alerts?: string;
    /** Several are separated by semicolons. */
    allergies?: string;
    /** Also a year alone. */
    birth_date?: string;
    issuer_of_patient_id?: string;
    /** Ward and bed. */
    location?: string;
    /** CT, MR, DX, CR, US, MG, XA … or a Vietnamese word for it. */
    modality: string;
    patient_id: string;
    patient_name: string;
    performing_physician?: string;
    pregnancy?: ('no' | 'possible' | 'yes' | 'unknown' | '') | null;
    priority?: Schemas['Priority'];
    procedure_code?: string;
    procedure_code_scheme?: string;
    procedure_description?: string;
    procedure_id?: string;
    /** The clinical question. */
    reason?: string;
    referring_physician?: string;
    scheduled_date?: string;
    scheduled_time?: string;
    /** M, F or O. */
    sex?: string;
    /** AE titles. */
    stations?: string[];
    step_description?: string;
    step_id?: string;
    study_uid?: string;
    /** Kilograms. */
    weight?: number | string | null;
  };
  OrderList: {
    items: Schemas['Order'][];
    total: number;
  };
  /**
   * `type` is G or R. `top` and `left` are the pixel of the image, from 1, that the plane's first one lies on. `frames` are
   * PNGs in base64, white where the overlay is set, else transparent.
   */
  OverlayPlane: {
    columns: number;
    description: string;
    first_frame: number;
    frames: string[];
    group: number;
    label: string;
    left: number;
    rows: number;
    top: number;
    type: string;
  };
  OverlayPlanes: {
    planes: Schemas['OverlayPlane'][];
  };
  /** What the newest order says of a patient. */
  PatientDetails: {
    alerts: string;
    allergies: string;
    birth_date: string;
    issuer_of_patient_id: string;
    patient_name: string;
    sex: string;
  };
  PatientQuestion: {
    patient_id: string;
  };
  /** `strangers` are refused callers that are no peer's. */
  Peers: {
    ae_titles: string[];
    certificates: Schemas['ShownCertificate'][];
    max_associations: number;
    open: number;
    peers: Schemas['DicomPeer'][];
    port: number;
    strangers: Schemas['ShownCall'][];
    tls_port: number | null;
  };
  /** A performed procedure step. `started` and `ended` are DICOM DA and TM joined by a blank, in local time. */
  Performed: {
    arrived: number;
    description: string;
    ended: string;
    instances: number;
    patient_differs: boolean;
    peer: string;
    series: number;
    shortcomings: string[];
    started: string;
    state: 'in-progress' | 'completed' | 'discontinued';
    station_ae: string;
    station_name: string;
    updated_at: string;
  };
  PlacedImages: {
    frames: number[];
    series: string;
    sop: string;
  };
  /** `value` is the person's own, `site` what holds for who has none; null: not set. */
  Preference: {
    site: unknown;
    value: unknown;
  };
  /**
   * How somebody saw images. `modality` is of stored values, null: they stay what they are. `left_out`: what the state says
   * and the viewer cannot show.
   */
  Presentation: {
    annotations: Schemas['GraphicAnnotation'][];
    areas: Schemas['DisplayedArea'][];
    creator: string;
    date: string;
    description: string;
    flipped: boolean;
    images: Schemas['PlacedImages'][];
    inverse: boolean;
    label: string;
    layers: Schemas['GraphicLayer'][];
    left_out: ('pseudo-colour' | 'blending' | 'subtraction' | 'volume' | 'compound-graphics' | 'table')[];
    modality: Schemas['Rescale'] | Schemas['Lut'] | null;
    overlays: Schemas['OverlayPlane'][];
    presentation_lut: Schemas['Lut'] | null;
    rotation: number;
    shutter: Schemas['Shutter'] | null;
    time: string;
    windows: Schemas['ShownWindow'][];
  };
  /** An earlier (or later) study of the same patient at the same hospital. `study_date` is a DICOM DA, or empty. */
  Prior: {
    body_part: string;
    description: string;
    instances: number;
    modalities: string[];
    report_sop_instance_uid: string | null;
    study_date: string;
    study_instance_uid: string;
  };
  /** How soon a study must be read; the wire values are English, the labels are translated. */
  Priority: 'emergency' | 'urgent' | 'routine';
  PriorList: {
    items: Schemas['Prior'][];
  };
  /** RFC 9457, sent as application/problem+json. `code` is stable; the texts are in the caller's language. */
  Problem: {
    code: string;
    detail: string;
    errors?: Schemas['FieldFault'][];
    hint: string;
    reference?: string;
    status: number;
    title: string;
    type: string;
  };
  Procedure: {
    code: string;
    description: string;
    modality: string;
    scheme: string;
  };
  /** Images of the study: here, ready to travel, taken by the destination, expected in all. */
  Progress: {
    delivered: number;
    prepared: number;
    received: number;
    total: number;
  };
  Quarantined: {
    calling_ae: string;
    name: string;
    peer: string;
    reason: string;
    received_at: string;
    size: number;
    via: string;
  };
  /** `blocking`: the study cannot be read before it is answered; its clock stands. */
  Question: {
    blocking?: boolean;
    id?: string;
    text: string;
  };
  Queue: {
    deliveries: Schemas['QueuedDelivery'][];
    jobs: Schemas['QueuedJob'][];
    quarantine: Schemas['Quarantined'][];
  };
  QueuedDelivery: {
    attempts: number;
    closed: boolean;
    created_at: string;
    destination: string;
    destination_name: string;
    id: number;
    items: Schemas['ItemCounts'];
    last_error: string;
    next_attempt_at: string | null;
    priority: number;
    route: string;
    state: Schemas['DeliveryState'];
    study_uid: string;
    updated_at: string;
  };
  QueuedJob: {
    attempts: number;
    created_at: string;
    due_at: string;
    id: number;
    kind: string;
    last_error: string;
    lease_owner: string;
    lease_until: string | null;
    priority: number;
    state: string;
    subject: string;
  };
  ReaderList: {
    items: Schemas['ReaderShown'][];
    specialities: string[];
  };
  /** What a radiologist may read, and when; empty lists set no limit. */
  ReaderProfile: {
    licence_number?: string;
    modalities?: string[];
    on_call?: Schemas['OnCall'][];
    seniority?: Schemas['Seniority'];
    specialities?: string[];
  };
  ReaderShown: {
    display_name: string;
    licence_number: string;
    modalities: string[];
    on_call: Schemas['OnCall'][];
    on_call_now: boolean;
    seniority: Schemas['Seniority'];
    specialities: string[];
    username: string;
  };
  ReadingState: 'incomplete' | 'ready' | 'claimed' | 'drafting' | 'needs-info' | 'unreadable' | 'preliminary' | 'verifying' | 'final' | 'amending' | 'cancelled';
  RegistryDocument: {
    document: {
      [key: string]: unknown;
    };
    revision: number;
  };
  Rejection: {
    id?: string;
    reason: 'positioning' | 'motion' | 'exposure' | 'incomplete' | 'artefact' | 'wrong-study' | 'other';
    text?: string;
  };
  /**
   * The text of a report. `comparison`: with which earlier study, and what changed. `limitations` are technical. `answers`
   * are to the questions of a consultation. `template` is the code of the template, empty for none; `fields` are its values.
   */
  Report: {
    answers: Schemas['Answer-Output'][];
    comparison: string;
    conclusion: string;
    fields: {
      [key: string]: string | boolean | number | string[] | null;
    };
    findings: string;
    key_images: string[];
    language: 'vi' | 'en';
    limitations: string;
    recommendation: string;
    technique: string;
    template: string;
  };
  /** The text of the structured report in the study. */
  ReportContent: {
    addenda: Schemas['Added'][];
    answers: Schemas['Answered'][];
    comparison: string;
    conclusion: string;
    criticals: Schemas['CriticalShown'][];
    findings: string;
    key_images: string[];
    language: string;
    limitations: string;
    observer: string;
    organization: string;
    recommendation: string;
    signatures: Schemas['Signed'][];
    signed_at: string;
    sop_instance_uid: string;
    status: Schemas['ReportStatus'];
    technique: string;
    version: number;
  };
  ReportState: {
    pdf_sop_instance_uid: string | null;
    sop_instance_uid: string | null;
    state: 'none' | 'arrived' | 'delivered';
  };
  ReportStatus: 'preliminary' | 'final' | 'addendum';
  Rescale: {
    intercept: number;
    slope: number;
  };
  Retried: {
    id: number;
    state: string;
  };
  /** One order of a file; without faults it is (or in a preview: would be) taken. */
  Row: {
    accession_number: string;
    faults: Schemas['FormFault'][];
    modality: string;
    number: number;
    order_id: string;
    patient_id: string;
    patient_name: string;
    procedure_description: string;
    scheduled_date: string;
    scheduled_time: string;
  };
  /**
   * A draft as the editor sends it. `base_revision` is the `report_revision` that it was written from; a save from an
   * older one is refused (code draft-conflict), so that nothing newer is overwritten unseen. `pages` counts the changes made on
   * the page that saves, and on those whose text it goes on with: a copy of the text that a browser kept, and that is no newer
   * than this, has arrived.
   */
  Save: {
    answers?: Schemas['Answer-Input'][];
    base_revision?: string | null;
    comparison?: string;
    conclusion?: string;
    fields?: {
      [key: string]: string | boolean | number | string[] | null;
    };
    findings?: string;
    key_images?: string[];
    language?: 'vi' | 'en';
    limitations?: string;
    links?: Schemas['Link'][];
    pages?: {
      [key: string]: number;
    };
    recommendation?: string;
    technique?: string;
    template?: string;
  };
  /** `colour` is RGB. */
  Segment: {
    algorithm: string;
    category: string;
    colour: number[];
    kind: string;
    label: string;
    number: number;
  };
  /** `type` is BINARY, FRACTIONAL or LABELMAP. */
  Segmentation: {
    columns: number;
    frame_of_reference: string;
    frames: Schemas['SegmentFrame'][];
    label: string;
    rows: number;
    segments: Schemas['Segment'][];
    type: string;
  };
  /**
   * `number` from 1. `segment` 0: all of them, the values are segment numbers. Places are of the patient, in mm; `source`
   * are SOP Instance UIDs.
   */
  SegmentFrame: {
    number: number;
    orientation: number[];
    position: number[];
    segment: number;
    source: string[];
    source_frames: number[];
    spacing: number[];
    thickness: number | null;
  };
  Seniority: 'trainee' | 'reader' | 'senior';
  Series: {
    body_part: string;
    description: string;
    instances: Schemas['Instance'][];
    modality: string;
    number: number | null;
    series_instance_uid: string;
  };
  SessionChange: {
    language: 'vi' | 'en';
  };
  /** Who is logged in, and where. */
  SessionInfo: {
    display_name: string;
    facility: string;
    facility_name: string;
    language: 'vi' | 'en';
    role: 'radiographer' | 'clinician' | 'radiologist' | 'admin';
    username: string;
  };
  /** The totals count also what is beyond the limit. */
  SetAside: {
    conflicts: Schemas['ObjectConflict'][];
    conflicts_total: number;
    files: Schemas['AsideFile'][];
    files_total: number;
  };
  ShownCall: {
    address: string;
    at: string;
    called_ae: string;
    calling_ae: string;
    count: number;
    peer: string;
    refusal: string | null;
    tls: string;
  };
  /** `name` is dicom, dicom-authority, web, peer:<code> or peer-authority:<code>. */
  ShownCertificate: {
    name: string;
    not_after: string;
    sha256: string;
    state: Schemas['Expiry'];
    subject: string;
  };
  /** A window by centre, width and function, or a table by its descriptor and entries. */
  ShownWindow: {
    center?: number;
    descriptor?: number[];
    entries?: number[];
    function?: string;
    images: Schemas['ImageReference'][];
    name: string;
    width?: number;
  };
  /**
   * Positions are pixels from 1. `rectangle`: left, right, upper, lower; `circle`: row, column, radius; `polygon`: row and
   * column of each corner; `bitmap`: the group of the overlay plane that covers. `grey` is 0 to 255.
   */
  Shutter: {
    bitmap: number | null;
    circle: number[] | null;
    grey: number;
    polygon: number[][] | null;
    rectangle: number[] | null;
    shapes: string[];
  };
  /**
   * `as` preliminary: a senior is still to verify it. `acknowledge`: what the signer knows of and signs nevertheless.
   * `base_revision`: the `report_revision` of the text that the signer saw; another one is not signed (code draft-conflict).
   */
  Sign: {
    acknowledge?: ('images-missing' | 'lint')[];
    as?: 'preliminary' | 'final';
    base_revision: string;
  };
  SignatureShown: {
    at: string;
    licence_number: string;
    name: string;
    organization: string;
    role: 'author' | 'verifier';
  };
  /** Who signed, as printed. */
  Signed: {
    at: string;
    licence_number: string;
    name: string;
    organization: string;
    role: string;
  };
  /**
   * What the login page shows. `diagnostic_use`: the site has said that its images may be used for diagnosis, by the
   * `registration` that it names.
   */
  Site: {
    authenticated: boolean;
    demo: boolean;
    diagnostic_use: boolean;
    facility: string;
    language: 'vi' | 'en';
    name: string;
    registration: string;
    version: string;
  };
  /** What lengths rest on. */
  SpacingBasis: 'patient' | 'detector' | 'estimated' | 'calibrated' | 'region' | 'none';
  /** A machine that may ask for its worklist. */
  Station: {
    ae_title: string;
    name: string;
  };
  /** `colour` is RGB. */
  Structure: {
    colour: number[];
    contours: Schemas['Contour'][];
    label: string;
    number: number;
  };
  /** A structured report or a key object selection; `evidence`: what it was made from. */
  StructuredDocument: {
    completion: string;
    date: string;
    evidence: Schemas['Evidence'][];
    institution: string;
    kind: 'report' | 'key-objects';
    manufacturer: string;
    preliminary: string;
    root: Schemas['ContentItem'];
    template: string;
    time: string;
    verification: string;
    verifiers: Schemas['DocumentVerifier'][];
  };
  StructureSet: {
    label: string;
    structures: Schemas['Structure'][];
  };
  /** One study and where it is. Dates and times of studies are DICOM DA and TM, all others ISO 8601 UTC. */
  Study: {
    accession_number: string;
    age: string;
    birth_date: string;
    body_part: string;
    description: string;
    first_received_at: string;
    instances: number;
    institution: string;
    last_received_at: string;
    letters: Schemas['LetterMarks'];
    modalities: string[];
    origin: string;
    patient_id: string;
    patient_name: string;
    priority: Schemas['Priority'];
    problem: string | null;
    progress: Schemas['Progress'];
    report: Schemas['ReportState'];
    sex: string;
    stage: 'receiving' | 'stored' | 'held' | 'refused' | 'queued' | 'sending' | 'arrived' | 'waiting-to-be-read' | 'reading' | 'signed' | 'report-arrived' | 'report-delivered';
    state: Schemas['StudyState'];
    study_date: string;
    study_instance_uid: string;
    study_time: string;
  };
  /** `conflicts`: how many objects came again with other bytes; the newest is shown until somebody decides. */
  StudyDetail: {
    accession_number: string;
    age: string;
    birth_date: string;
    body_part: string;
    conflicts: number;
    deliveries: Schemas['Delivery'][];
    description: string;
    first_received_at: string;
    instances: number;
    institution: string;
    last_received_at: string;
    letters: Schemas['LetterMarks'];
    modalities: string[];
    origin: string;
    patient_id: string;
    patient_name: string;
    priority: Schemas['Priority'];
    problem: string | null;
    progress: Schemas['Progress'];
    report: Schemas['ReportState'];
    series: Schemas['Series'][];
    sex: string;
    stage: 'receiving' | 'stored' | 'held' | 'refused' | 'queued' | 'sending' | 'arrived' | 'waiting-to-be-read' | 'reading' | 'signed' | 'report-arrived' | 'report-delivered';
    state: Schemas['StudyState'];
    study_date: string;
    study_instance_uid: string;
    study_time: string;
  };
  StudyList: {
    items: Schemas['Study'][];
    total: number;
  };
  /** A signed report of a study, for comparison. */
  StudyReport: {
    kind: 'report' | 'addendum';
    report: Schemas['Report'];
    signatures: Schemas['SignatureShown'][];
    signed_at: string | null;
    state: 'preliminary' | 'final';
    task_id: string;
    version: number;
  };
  StudyReports: {
    items: Schemas['StudyReport'][];
  };
  /** The life of a study at one node. */
  StudyState: 'receiving' | 'complete' | 'held';
  Suggestions: {
    locations: string[];
    physicians: string[];
    procedures: Schemas['Procedure'][];
    stations: Schemas['Station'][];
  };
  /** The origin was told otherwise than by the application. */
  TakenNote: {
    channel?: 'telephone' | 'video' | 'message';
    id?: string;
    noted_by: string;
    read_back: boolean;
  };
  /**
   * One study on the worklist. `priors`: how many other studies of the same patient there are. `question_open`: the origin
   * was asked and has not answered. `accepted`: what the treating doctor at the origin says of the report; `outcome`: whether
   * the final diagnosis agrees with it. `in_scope`: it is in the caller's licensed and sub-speciality scope. `on_call`: the
   * caller is, now. `study_date` is a DICOM DA.
   */
  Task: {
    accepted: 'none' | 'yes' | 'partly' | 'no';
    age: string;
    assigned_to: string | null;
    assigned_to_name: string | null;
    body_part: string;
    claimed_by: string | null;
    claimed_by_name: string | null;
    clinical_question: string;
    clock: Schemas['Clock'];
    created_at: string;
    critical: 'none' | 'open' | 'noted';
    description: string;
    id: string;
    in_scope: boolean;
    instances_expected: number | null;
    instances_received: number;
    lease_until: string | null;
    mine: boolean;
    modalities: string[];
    modality: string;
    on_call: boolean;
    origin: string;
    origin_name: string;
    outcome: 'none' | 'yes' | 'partly' | 'no';
    patient_id: string;
    patient_name: string;
    preliminary_by: string | null;
    priority: Schemas['Priority'];
    priors: number;
    question_open: boolean;
    questions: string[];
    ready_at: string | null;
    report_state: 'none' | 'draft' | 'preliminary' | 'final';
    second_opinion: 'none' | 'open' | 'answered';
    sex: string;
    signed_at: string | null;
    speciality: string;
    state: Schemas['ReadingState'];
    study_date: string;
    study_instance_uid: string;
    waiting_seconds: number | null;
  };
  /** A task with its report. */
  TaskDetail: {
    accepted: 'none' | 'yes' | 'partly' | 'no';
    addendum_number: number | null;
    age: string;
    assigned_to: string | null;
    assigned_to_name: string | null;
    body_part: string;
    claimed_by: string | null;
    claimed_by_name: string | null;
    clinical_question: string;
    clock: Schemas['Clock'];
    correctable_until: string | null;
    created_at: string;
    critical: 'none' | 'open' | 'noted';
    description: string;
    id: string;
    in_scope: boolean;
    instances_expected: number | null;
    instances_received: number;
    lease_until: string | null;
    links: Schemas['Link'][];
    may_sign: ('preliminary' | 'final')[];
    mine: boolean;
    modalities: string[];
    modality: string;
    on_call: boolean;
    origin: string;
    origin_name: string;
    outcome: 'none' | 'yes' | 'partly' | 'no';
    patient_id: string;
    patient_name: string;
    preliminary_by: string | null;
    priority: Schemas['Priority'];
    priors: number;
    question_open: boolean;
    questions: string[];
    ready_at: string | null;
    report: Schemas['Report'] | null;
    report_kind: 'report' | 'addendum';
    report_pages: {
      [key: string]: number;
    };
    report_revision: string;
    report_state: 'none' | 'draft' | 'preliminary' | 'final';
    report_version: number;
    second_opinion: 'none' | 'open' | 'answered';
    sex: string;
    signed_at: string | null;
    speciality: string;
    state: Schemas['ReadingState'];
    study_date: string;
    study_instance_uid: string;
    waiting_seconds: number | null;
  };
  /** `cursor` goes into `changed_after` of the next question. */
  TaskList: {
    cursor: string;
    items: Schemas['Task'][];
  };
  /** One template. Empty `modality` or `body_part`: it is never chosen by itself. */
  Template: {
    body_part: string[];
    code: string;
    critical: Schemas['Critical'][];
    dvkt: string[];
    fields: Schemas['TemplateField'][];
    form: string;
    modality: string[];
    name: Schemas['Both'];
    normal_text: Schemas['NormalTexts'];
    rules: Schemas['Both'][];
    shortcut: string;
    version: number;
  };
  /** One structured field. `normal` is what its placeholder reads as long as it has no value. */
  TemplateField: {
    default: Schemas['Both'] | boolean | number | string | null;
    group: Schemas['Both'] | null;
    id: string;
    label: Schemas['Both'];
    maximum: number | null;
    minimum: number | null;
    multiple: boolean;
    normal: Schemas['Both'] | null;
    options: Schemas['Option'][];
    required: boolean;
    type: 'enum' | 'number' | 'text' | 'bool' | 'laterality';
    unit: string;
  };
  TemplateList: {
    items: Schemas['Template'][];
  };
  /** Times in milliseconds, each of its own step; null: not reached. */
  Tested: {
    accepted: number | null;
    addresses: string[];
    certificate_not_after: string | null;
    certificate_subject: string;
    code: string;
    connected: number | null;
    echoed: number | null;
    failure: Schemas['Failure'] | null;
    offers: string[];
    resolved: number | null;
    secured: number | null;
    tls: boolean;
    tls_suite: string;
    tls_version: string;
  };
  TextObject: {
    align: string;
    anchor: number[] | null;
    anchor_units: string;
    anchor_visible: boolean;
    bottom_right: number[] | null;
    text: string;
    top_left: number[] | null;
    units: string;
  };
  /** `may`: the kinds that the caller may write here. `reachable`: letters get to the hospital that made the study. */
  Thread: {
    at_origin: boolean;
    items: Schemas['Letter'][];
    may: Schemas['LetterKind'][];
    reachable: boolean;
  };
  Timeline: {
    items: Schemas['TimelineItem'][];
    study_instance_uid: string;
  };
  /** One hop; `node_name` is the name of its facility. */
  TimelineItem: {
    at: string;
    detail: {
      [key: string]: unknown;
    };
    hop: Schemas['Hop'];
    instances: number | null;
    node: string;
    node_name: string;
  };
  Token: {
    expires_at: string;
    token: string;
  };
  Value: {
    value: unknown;
  };
  /** One of the versions of an object; the `current` one is what its study shows. */
  Version: {
    calling_ae: string;
    conflict: boolean;
    current: boolean;
    digest: string;
    id: number;
    peer: string;
    received_at: string;
    size: number;
    study_instance_uid: string;
    via: string;
  };
  VersionList: {
    items: Schemas['VersionShown'][];
  };
  /** One version, as it was signed; or the draft. `replaced`: a newer signed version stands in its place. */
  VersionShown: {
    addendum_number: number | null;
    criticals: {
      [key: string]: unknown;
    }[];
    kind: 'report' | 'addendum';
    links: Schemas['Link'][];
    measurements: {
      [key: string]: unknown;
    }[];
    replaced: boolean;
    report: Schemas['Report'];
    signatures: Schemas['SignatureShown'][];
    signed_at: string | null;
    sop_instance_uid: string;
    state: 'draft' | 'preliminary' | 'final' | 'abandoned';
    updated_at: string;
    version: number;
  };
  Waveform: {
    acquired: string;
    annotations: Schemas['WaveformNote'][];
    groups: Schemas['WaveformGroup'][];
  };
  /** `data` are 16-bit little endian integers in base64, value = data x scale + offset in `unit` (mV for voltages). */
  WaveformChannel: {
    data: string;
    high: number | null;
    low: number | null;
    name: string;
    notch: number | null;
    offset: number;
    scale: number;
    unit: string;
  };
  /** `frequency` in Hz: samples per second. */
  WaveformGroup: {
    channels: Schemas['WaveformChannel'][];
    frequency: number;
    label: string;
    originality: string;
    samples: number;
    seconds: number;
  };
  /** What the machine says of the tracing: a text, or a measured value with its name. */
  WaveformNote: {
    name: string;
    samples: number[];
    text: string;
    unit: string;
    value: string;
  };
  /** A radiologist; empty: whoever takes it. */
  Whom: {
    username?: string;
  };
  Withdrawal: {
    id?: string;
    reason: string;
  };
  /** Who asked, or may ask and never did (`last_at` null). */
  WorklistCaller: {
    ae_title: string;
    caller: string;
    last_at: string | null;
    name: string;
    questions: number;
  };
  /** What a modality asked and how many orders it was told. Values of names and identifiers are not kept. */
  WorklistQuestion: {
    address: string;
    answered: number;
    at: string;
    caller: string;
    calling_ae: string;
    ending: 'success' | 'cancelled' | 'gone';
    id: number;
    ignored: string[];
    keys: Schemas['AskedKey'][];
    left_out: Schemas['LeftOut'][];
    looked_at: number;
    milliseconds: number;
  };
  WorklistTrace: {
    callers: Schemas['WorklistCaller'][];
    items: Schemas['WorklistQuestion'][];
  };
}
