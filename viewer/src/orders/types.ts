/** Orders as the node's HTTP API has them. Dates are DICOM DA, times TM in local time. */
import type { FieldFault, Priority } from '../api/types';

export type OrderState = 'scheduled' | 'in-progress' | 'completed' | 'discontinued' | 'cancelled';
export type OrderAction = 'cancel' | 'reschedule' | 'complete' | 'discontinue';
export type Pregnancy = 'no' | 'possible' | 'yes' | 'unknown';

/** What a person writes; the node reads dates and times in many shapes. */
export interface OrderForm {
  patient_name: string;
  patient_id: string;
  issuer_of_patient_id: string;
  birth_date: string;
  sex: string;
  accession_number: string;
  procedure_id: string;
  procedure_description: string;
  procedure_code: string;
  procedure_code_scheme: string;
  step_id: string;
  step_description: string;
  modality: string;
  stations: string[];
  scheduled_date: string;
  scheduled_time: string;
  performing_physician: string;
  referring_physician: string;
  reason: string;
  location: string;
  priority: Priority;
  weight: string;
  pregnancy: Pregnancy | '';
  allergies: string;
  alerts: string;
  study_uid: string;
}

export interface Order extends Omit<OrderForm, 'weight' | 'pregnancy'> {
  id: string;
  state: OrderState;
  revision: number;
  weight: number | null;
  pregnancy: Pregnancy | null;
  created_at: string;
  created_by: string;
  created_by_name: string;
  updated_at: string;
  images: number;
}

/** What a modality reported (MPPS). `started` and `ended` are DA and TM joined by a blank. */
export interface Performed {
  state: 'in-progress' | 'completed' | 'discontinued';
  peer: string;
  station_ae: string;
  station_name: string;
  description: string;
  started: string;
  ended: string;
  series: number;
  instances: number;
  arrived: number;
  patient_differs: boolean;
  shortcomings: string[];
  updated_at: string;
}

export interface OrderDetail extends Order {
  performed: Performed[];
}

export interface OrderList {
  items: Order[];
  total: number;
}

export interface Suggestions {
  stations: { ae_title: string; name: string }[];
  procedures: { modality: string; description: string; code: string; scheme: string }[];
  physicians: string[];
  locations: string[];
}

export type KnownPatient = Pick<
  OrderForm,
  'patient_name' | 'birth_date' | 'sex' | 'issuer_of_patient_id' | 'allergies' | 'alerts'
>;

export interface ImportRow {
  number: number;
  faults: FieldFault[];
  patient_name: string;
  patient_id: string;
  modality: string;
  procedure_description: string;
  scheduled_date: string;
  scheduled_time: string;
  accession_number: string;
  order_id: string;
}

export interface Imported {
  format: 'dicom' | 'json' | 'csv';
  preview: boolean;
  taken: number;
  rows: ImportRow[];
  faults: FieldFault[];
  passed_over: string[];
}

export interface WorklistQuestion {
  id: number;
  at: string;
  caller: string;
  calling_ae: string;
  address: string;
  keys: { key: string; kind: string; value: string | null }[];
  ignored: string[];
  answered: number;
  ending: 'success' | 'cancelled' | 'gone';
  looked_at: number;
  left_out: { because: string; orders: number; only: number; found: string[] }[];
  milliseconds: number;
}

export interface WorklistTrace {
  callers: { caller: string; name: string; ae_title: string; questions: number; last_at: string | null }[];
  items: WorklistQuestion[];
}

export interface OrderFilter {
  state: 'open' | 'all' | OrderState;
  day: 'today' | 'tomorrow' | 'week' | 'any';
  modality: string;
  station: string;
  q: string;
}
