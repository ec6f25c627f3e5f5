/** Orders, by the names that this side uses. Dates are DICOM DA, times TM in local time. */
import type { Schemas } from '../api/schema';

export type Order = Schemas['Order'];
export type OrderDetail = Schemas['OrderDetail'];
export type OrderList = Schemas['OrderList'];
export type OrderState = Order['state'];
/** Of `/api/orders/{order_id}/{action}`. */
export type OrderAction = 'cancel' | 'reschedule' | 'complete' | 'discontinue';
export type Pregnancy = NonNullable<Order['pregnancy']>;
export type Performed = Schemas['Performed'];
export type Suggestions = Schemas['Suggestions'];
export type KnownPatient = Schemas['PatientDetails'];
export type ImportRow = Schemas['Row'];
export type Imported = Schemas['Imported'];
export type WorklistQuestion = Schemas['WorklistQuestion'];
export type WorklistTrace = Schemas['WorklistTrace'];

/** What a person writes, every field of it text; the node reads dates and times in many shapes. */
export type OrderForm = Required<Omit<Schemas['OrderForm'], 'weight' | 'pregnancy'>> & {
  weight: string;
  pregnancy: Pregnancy | '';
};

export interface OrderFilter {
  state: 'open' | 'all' | OrderState;
  day: 'today' | 'tomorrow' | 'week' | 'any';
  modality: string;
  station: string;
  q: string;
}
