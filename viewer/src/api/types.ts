/** What the node's HTTP API sends and takes. Times are ISO 8601 UTC; dates and times of studies are DICOM DA and TM. */

export type Language = 'vi' | 'en';
export type Role = 'radiographer' | 'clinician' | 'radiologist' | 'admin';
export type Priority = 'emergency' | 'urgent' | 'routine';

export interface Site {
  facility: string;
  name: string;
  language: Language;
  version: string;
  demo: boolean;
  authenticated: boolean;
  /** Whether the site has said that its images may be used for diagnosis, and by which registration. */
  diagnostic_use: boolean;
  registration: string;
}

export interface Session {
  username: string;
  display_name: string;
  role: Role;
  language: Language;
  facility: string;
  facility_name: string;
}

/** RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  hint: string;
  errors?: FieldFault[];
}

/** One field of a form that is not right; `code` finds the words. */
export interface FieldFault {
  field: string;
  code?: string;
  message: string;
}

/** How far along a study is, as its radiographer sees it. */
export type Stage =
  | 'receiving'
  | 'queued'
  | 'sending'
  | 'arrived'
  | 'waiting-to-be-read'
  | 'reading'
  | 'signed'
  | 'report-arrived'
  | 'report-delivered'
  | 'held'
  | 'refused'
  | 'stored';

export interface Progress {
  received: number;
  prepared: number;
  delivered: number;
  total: number;
}

export interface Study {
  study_instance_uid: string;
  patient_name: string;
  patient_id: string;
  birth_date: string;
  sex: string;
  age: string;
  accession_number: string;
  study_date: string;
  study_time: string;
  description: string;
  modalities: string[];
  body_part: string;
  institution: string;
  origin: string;
  priority: Priority;
  state: 'receiving' | 'complete' | 'held';
  instances: number;
  first_received_at: string;
  last_received_at: string;
  stage: Stage;
  progress: Progress;
  report: {
    state: 'none' | 'arrived' | 'delivered';
    sop_instance_uid: string | null;
    pdf_sop_instance_uid: string | null;
  };
  problem: string | null;
  letters: LetterMarks;
}

/** What of a study's letters waits: questions and requests to repeat, a critical finding that nobody noted, a report. */
export interface LetterMarks {
  questions: number;
  critical: boolean;
  to_accept: boolean;
}

export interface StudyList {
  items: Study[];
  total: number;
}

export interface Instance {
  sop_instance_uid: string;
  sop_class_uid: string;
  number: number | null;
  frames: number;
  rows: number;
  columns: number;
}

export interface Series {
  series_instance_uid: string;
  modality: string;
  number: number | null;
  description: string;
  body_part: string;
  instances: Instance[];
}

export type DeliveryState = 'waiting' | 'sending' | 'delivered' | 'verified' | 'held' | 'refused';
export type ItemState = 'waiting' | 'prepared' | 'delivered' | 'refused' | 'held';

export interface Delivery {
  id: number;
  destination: string;
  destination_name: string;
  state: DeliveryState;
  closed: boolean;
  attempts: number;
  next_attempt_at: string | null;
  last_error: string | null;
  items: Partial<Record<ItemState, number>>;
  problems: { reason: string; count: number }[];
}

export interface StudyDetail extends Study {
  series: Series[];
  deliveries: Delivery[];
  conflicts: number;
}

export type Hop =
  | 'first-image'
  | 'complete'
  | 'late-images'
  | 'routed'
  | 'prepared'
  | 'held'
  | 'sending'
  | 'delivered'
  | 'verified'
  | 'ready'
  | 'claimed'
  | 'released'
  | 'drafted'
  | 'question-asked'
  | 'unreadable'
  | 'answered'
  | 'preliminary-signed'
  | 'signed'
  | 'correction-begun'
  | 'addendum-begun'
  | 'addendum-signed'
  | 'report-built'
  | 'report-sent'
  | 'report-received'
  | 'report-reidentified'
  | 'report-delivered'
  | 'refused';

export interface TimelineItem {
  hop: Hop;
  node: string;
  node_name: string;
  at: string;
  instances: number | null;
  detail: Record<string, unknown>;
}

export interface Timeline {
  study_instance_uid: string;
  items: TimelineItem[];
}

export interface ReportSections {
  technique: string;
  findings: string;
  conclusion: string;
  recommendation: string;
  comparison: string;
  limitations: string;
  answers: { question: string; answer: string }[];
}

/** Who signed a report. */
export interface SignedBy {
  role: string;
  name: string;
  licence_number: string;
  organization: string;
  at: string;
}

export interface ArrivedReport extends ReportSections {
  status: 'preliminary' | 'final' | 'addendum';
  version: number;
  signatures: SignedBy[];
  criticals: { category: number; text: string; raised_at: string; noted_by: string; noted_at: string | null }[];
  addenda: (ReportSections & { signatures: SignedBy[]; at: string })[];
  observer: string;
  organization: string;
  signed_at: string;
  language: string;
  key_images: string[];
  sop_instance_uid: string;
}

export type TaskState =
  | 'incomplete'
  | 'ready'
  | 'claimed'
  | 'drafting'
  | 'needs-info'
  | 'unreadable'
  | 'preliminary'
  | 'verifying'
  | 'final'
  | 'amending'
  | 'cancelled';
export type TaskFilter = 'open' | 'mine' | 'final' | 'all';

/** The service clock; `left_seconds` is negative when it has run out. */
export interface TaskClock {
  limit_seconds: number;
  used_seconds: number;
  running: boolean;
  left_seconds: number;
  overdue: boolean;
}

export interface Task {
  id: string;
  state: TaskState;
  priority: Priority;
  study_instance_uid: string;
  modality: string;
  modalities: string[];
  body_part: string;
  description: string;
  origin: string;
  origin_name: string;
  patient_name: string;
  patient_id: string;
  sex: string;
  age: string;
  study_date: string;
  instances_received: number;
  instances_expected: number | null;
  ready_at: string | null;
  waiting_seconds: number | null;
  clock: TaskClock;
  speciality: string;
  clinical_question: string;
  questions: string[];
  /** How many other studies of the same patient there are. */
  priors: number;
  claimed_by: string | null;
  claimed_by_name: string | null;
  mine: boolean;
  assigned_to: string | null;
  assigned_to_name: string | null;
  second_opinion: 'none' | 'open' | 'answered';
  /** The origin was asked and has not answered. */
  question_open: boolean;
  critical: 'none' | 'open' | 'noted';
  /** Whether the study is in the caller's licensed and sub-speciality scope. */
  in_scope: boolean;
  /** Whether the caller is on call now. */
  on_call: boolean;
  /** What the treating doctor at the origin says of the report, and later whether the final diagnosis agrees with it. */
  accepted: 'none' | 'yes' | 'partly' | 'no';
  outcome: 'none' | 'yes' | 'partly' | 'no';
  preliminary_by: string | null;
  report_state: ReportState;
  lease_until: string | null;
  signed_at: string | null;
  created_at: string;
}

/** `cursor` asks for what changed since. */
export interface TaskPage {
  items: Task[];
  cursor: string;
}

export type Seniority = 'trainee' | 'reader' | 'senior';

export interface Colleague {
  username: string;
  display_name: string;
  seniority: Seniority;
  on_call_now: boolean;
  me: boolean;
}

export interface Opinion {
  id: string;
  asked_by: string;
  asked_by_name: string;
  /** Empty: whoever takes it. */
  asked_of: string;
  asked_of_name: string;
  question: string;
  answer: string;
  answered_by: string;
  answered_by_name: string;
  state: 'open' | 'answered';
  asked_at: string;
  answered_at: string | null;
}

export interface Notice {
  id: number;
  kind: string;
  urgent: boolean;
  study_instance_uid: string;
  task_id: string;
  detail: Record<string, unknown>;
  at: string;
  seen: boolean;
  over: boolean;
}

export interface NoticeList {
  items: Notice[];
  unseen: number;
}

/** On call on these days (0 Monday) between two times of Vietnam. */
export interface OnCall {
  days: number[];
  from: string;
  to: string;
}

/** What a radiologist may read, and when; empty lists set no limit. */
export interface ReaderProfile {
  licence_number: string;
  seniority: Seniority;
  modalities: string[];
  specialities: string[];
  on_call: OnCall[];
}

export interface ReaderShown extends ReaderProfile {
  username: string;
  display_name: string;
  on_call_now: boolean;
}

/** The value of a template's field. */
export type FieldValue = string | number | boolean | string[] | null;

export interface Report {
  technique: string;
  findings: string;
  conclusion: string;
  recommendation: string;
  key_images: string[];
  language: string;
  /** With which earlier study, and what changed. */
  comparison: string;
  /** Technical. */
  limitations: string;
  /** To the questions of a consultation. */
  answers: { question: string; answer: string }[];
  /** Code of the template; empty: none. */
  template: string;
  fields: Record<string, FieldValue>;
}

/** A place in a section that stands for a measurement or for a field of the template. */
export interface Link {
  section: string;
  start: number;
  end: number;
  kind: 'mark' | 'field';
  id: string;
}

export type ReportState = 'draft' | 'preliminary' | 'final' | 'none';

export interface TaskDetail extends Task {
  report: Report | null;
  links: Link[];
  report_version: number;
  /** Names the text that a save is written from. */
  report_revision: string;
  /** What has arrived from which page of a browser. */
  report_pages: Record<string, number>;
  report_state: ReportState;
  report_kind: 'report' | 'addendum';
  addendum_number: number | null;
  correctable_until: string | null;
  may_sign: ('preliminary' | 'final')[];
  questions: string[];
}

export interface QueuedJob {
  id: number;
  kind: string;
  subject: string;
  priority: number;
  due_at: string;
  attempts: number;
  lease_owner: string;
  lease_until: string | null;
  state: string;
  last_error: string;
  created_at: string;
}

export interface QueuedDelivery {
  id: number;
  study_uid: string;
  route: string;
  destination: string;
  destination_name: string;
  state: DeliveryState;
  priority: number;
  closed: boolean;
  attempts: number;
  next_attempt_at: string | null;
  last_error: string;
  created_at: string;
  updated_at: string;
  items: Partial<Record<ItemState, number>>;
}

export interface Quarantined {
  name: string;
  reason: string;
  via: string;
  peer: string;
  calling_ae: string;
  size: number;
  received_at: string;
}

export interface Queue {
  jobs: QueuedJob[];
  deliveries: QueuedDelivery[];
  quarantine: Quarantined[];
}
