/** The fields of an order, in the order in which a radiographer asks for them. Tab goes through, Ctrl+Enter saves. */
import { Autocomplete, MultiSelect, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { tidyDate, tidyTime } from './dates';
import { type Faults, type Field, MODALITIES } from './form';
import classes from './OrderFields.module.css';
import type { OrderForm, Suggestions } from './types';

interface Props {
  form: OrderForm;
  faults: Faults;
  disabled: boolean;
  suggestions: Suggestions | undefined;
  /** What is said under the patient's ID. */
  known: boolean;
  onChange: (more: Partial<OrderForm>) => void;
  onPatient: () => void;
}

type TextField = Exclude<Field, 'stations' | 'priority' | 'pregnancy'>;

export function OrderFields({ form, faults, disabled, suggestions, known, onChange, onPatient }: Props) {
  const { t } = useTranslation();
  const said = (name: Field) => (faults[name] ? t(`order-fault.${faults[name] as 'missing'}`) : undefined);
  const field = (name: TextField) => ({
    name,
    label: t(`order-field.${name}`),
    value: form[name],
    error: said(name),
    disabled,
    size: 'sm' as const,
    autoComplete: 'off',
    onChange: (event: { currentTarget: { value: string } }) => onChange({ [name]: event.currentTarget.value }),
  });
  const choice = (name: TextField, data: string[]) => ({
    ...field(name),
    data,
    limit: 8,
    onChange: (value: string) => onChange({ [name]: value }),
  });
  const procedures = suggestions?.procedures ?? [];
  const fitting = procedures.filter((one) => !form.modality || one.modality === form.modality);
  const modalities: string[] = [...MODALITIES];
  if (form.modality && !modalities.includes(form.modality)) modalities.push(form.modality);
  const stations = (suggestions?.stations ?? []).map((one) => ({
    value: one.ae_title,
    label: one.name === one.ae_title ? one.name : `${one.name} (${one.ae_title})`,
  }));
  const unknown = form.stations.filter((title) => !stations.some((one) => one.value === title));

  return (
    <div className={classes.columns} data-locked={disabled || undefined}>
      <fieldset className={classes.part} disabled={disabled}>
        <legend>{t('orders.part.patient')}</legend>
        <TextInput
          {...field('patient_id')}
          withAsterisk
          autoFocus={!disabled && !form.patient_id}
          description={known ? t('orders.known-patient') : undefined}
          onBlur={onPatient}
        />
        <TextInput {...field('patient_name')} withAsterisk placeholder={t('orders.name-hint')} />
        <div className={classes.pair}>
          <TextInput
            {...field('birth_date')}
            inputMode="numeric"
            placeholder={t('orders.date-hint')}
            onBlur={() => onChange({ birth_date: tidyDate(form.birth_date) })}
          />
          <div>
            <div className={classes.label}>{t('order-field.sex')}</div>
            <SegmentedControl
              fullWidth
              size="sm"
              aria-label={t('order-field.sex')}
              disabled={disabled}
              value={form.sex}
              onChange={(sex) => onChange({ sex })}
              data={(['M', 'F', 'O'] as const).map((value) => ({ value, label: t(`sex.${value}`) }))}
            />
            {faults.sex && <p className={classes.fault}>{said('sex')}</p>}
          </div>
        </div>
        <div className={classes.pair}>
          <TextInput {...field('weight')} inputMode="decimal" />
          <Select
            size="sm"
            label={t('order-field.pregnancy')}
            value={form.pregnancy || null}
            error={said('pregnancy')}
            disabled={disabled || form.sex === 'M'}
            clearable
            onChange={(value) => onChange({ pregnancy: (value ?? '') as OrderForm['pregnancy'] })}
            data={(['no', 'possible', 'yes', 'unknown'] as const).map((value) => ({
              value,
              label: t(`pregnancy.${value}`),
            }))}
          />
        </div>
        <TextInput {...field('allergies')} placeholder={t('orders.list-hint')} />
        <TextInput {...field('alerts')} placeholder={t('orders.list-hint')} />
      </fieldset>
      <fieldset className={classes.part} disabled={disabled}>
        <legend>{t('orders.part.order')}</legend>
        <div>
          <div className={classes.label}>
            {t('order-field.modality')} <span className={classes.star}>*</span>
            {form.modality && (MODALITIES as readonly string[]).includes(form.modality) && (
              <span className={classes.aside}>{t(`modality.${form.modality as 'CT'}`)}</span>
            )}
          </div>
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label={t('order-field.modality')}
            disabled={disabled}
            value={form.modality}
            onChange={(modality) => onChange({ modality })}
            data={modalities}
          />
          {faults.modality && <p className={classes.fault}>{said('modality')}</p>}
        </div>
        <Autocomplete
          {...choice('procedure_description', [...new Set(fitting.map((one) => one.description))])}
          withAsterisk
          placeholder={t('orders.procedure-hint')}
          onOptionSubmit={(description) => {
            const found = fitting.find((one) => one.description === description);
            if (!found) return;
            const { modality, code: procedure_code, scheme: procedure_code_scheme } = found;
            onChange({ procedure_description: description, modality, procedure_code, procedure_code_scheme });
          }}
        />
        <Textarea {...field('reason')} autosize minRows={2} maxRows={6} placeholder={t('orders.reason-hint')} />
        <div className={classes.pair}>
          <Autocomplete {...choice('referring_physician', suggestions?.physicians ?? [])} />
          <Autocomplete {...choice('location', suggestions?.locations ?? [])} />
        </div>
        <div>
          <div className={classes.label}>{t('priority.label')}</div>
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label={t('priority.label')}
            disabled={disabled}
            value={form.priority}
            onChange={(value) => onChange({ priority: value as OrderForm['priority'] })}
            data={(['routine', 'urgent', 'emergency'] as const).map((value) => ({
              value,
              label: t(`priority.${value}`),
            }))}
          />
        </div>
      </fieldset>
      <div className={classes.stack}>
        <fieldset className={classes.part} disabled={disabled}>
          <legend>{t('orders.part.schedule')}</legend>
          <div className={classes.pair}>
            <TextInput
              {...field('scheduled_date')}
              withAsterisk
              inputMode="numeric"
              placeholder={t('orders.date-hint')}
              onBlur={() => onChange({ scheduled_date: tidyDate(form.scheduled_date) })}
            />
            <TextInput
              {...field('scheduled_time')}
              withAsterisk
              placeholder={t('orders.time-hint')}
              onBlur={() => onChange({ scheduled_time: tidyTime(form.scheduled_time) })}
            />
          </div>
          <MultiSelect
            size="sm"
            label={t('order-field.stations')}
            description={t('orders.stations-hint')}
            placeholder={form.stations.length ? '' : t('orders.any')}
            value={form.stations}
            error={said('stations')}
            disabled={disabled}
            searchable
            onChange={(chosen) => onChange({ stations: chosen })}
            data={[...stations, ...unknown.map((title) => ({ value: title, label: title }))]}
            nothingFoundMessage={t('orders.no-stations')}
          />
          <TextInput {...field('performing_physician')} />
        </fieldset>
        <details className={classes.part} open={hasCodes(faults)}>
          <summary>{t('orders.part.codes')}</summary>
          <div className={classes.codes}>
            <TextInput {...field('accession_number')} placeholder={t('orders.made-by-node')} />
            <div className={classes.pair}>
              <TextInput {...field('procedure_code')} />
              <TextInput {...field('procedure_code_scheme')} />
            </div>
            <div className={classes.pair}>
              <TextInput {...field('procedure_id')} placeholder={t('orders.made-by-node')} />
              <TextInput {...field('step_id')} placeholder={t('orders.made-by-node')} />
            </div>
            <TextInput {...field('step_description')} />
            <TextInput {...field('issuer_of_patient_id')} />
            <TextInput {...field('study_uid')} placeholder={t('orders.made-by-node')} />
          </div>
        </details>
      </div>
    </div>
  );
}

const CODES: readonly Field[] = ['accession_number', 'procedure_code', 'procedure_id', 'step_id', 'study_uid'];
const hasCodes = (faults: Faults) => CODES.some((name) => faults[name]);
