/** What is being written into an order: the text, what is wrong with it, and what is known of its patient. */
import { useState } from 'react';
import { ApiError } from '../api/problem';
import { byField, type Faults, faultsOf, tidied, withPatient } from './form';
import { knownPatient } from './node';
import type { OrderForm } from './types';

/** Raised instead of sending a form that is known to be wrong. */
class FormFault extends Error {}

export function useOrderForm(start: OrderForm) {
  const [form, setForm] = useState(start);
  const [faults, setFaults] = useState<Faults>({});
  const [known, setKnown] = useState('');

  const showFaults = (found: Faults) => {
    setFaults(found);
    const isWrong = (field: HTMLInputElement) => field.name in found;
    requestAnimationFrame(() => [...document.querySelectorAll<HTMLInputElement>('[name]')].find(isWrong)?.focus());
  };
  return {
    form,
    faults,
    known: known !== '' && known === form.patient_id.trim(),
    change: (more: Partial<OrderForm>) => {
      setForm((before) => ({ ...before, ...more }));
      setFaults((before) => {
        const left = { ...before };
        for (const name of Object.keys(more)) delete left[name as keyof Faults];
        return left;
      });
    },
    begin: (next: OrderForm) => {
      setForm(next);
      setFaults({});
      setKnown('');
    },
    /** Fills in what an earlier order says of the patient. Not knowing it is no fault. */
    lookUp: async () => {
      const id = form.patient_id.trim();
      if (!id || id === known) return;
      const found = await knownPatient(id).catch(() => null);
      if (!found) return;
      setKnown(id);
      setForm((before) => (before.patient_id.trim() === id ? withPatient(before, found) : before));
    },
    /** The form as it is sent; raises when something is wrong, which is shown then. */
    checked: (): OrderForm => {
      const tidy = tidied(form);
      setForm(tidy);
      const found = faultsOf(tidy);
      showFaults(found);
      if (Object.keys(found).length > 0) throw new FormFault();
      return tidy;
    },
    refused: (error: unknown) => {
      if (error instanceof ApiError && error.errors.length > 0) showFaults(byField(error.errors));
    },
    /** Faults that stand at their fields and need no note of their own. */
    isFormFault: (error: unknown) =>
      error instanceof FormFault || (error instanceof ApiError && error.code === 'order-invalid'),
  };
}
