/** The structured fields of the template: what stands in its text first, the others on demand. */
import { UnstyledButton } from '@mantine/core';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FieldValue } from '../api/types';
import classes from './FieldsForm.module.css';
import { placeholders, type Template, type TemplateField } from './templates';
import { defaultOf, numberOf, numberText, SIDE_VALUES, sideText, tongueOf } from './words';

interface Props {
  template: Template;
  fields: Record<string, FieldValue>;
  language: string;
  onChange: (field: TemplateField, value: FieldValue) => void;
}

export function FieldsForm({ template, fields, language, onChange }: Props) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const tongue = tongueOf(language);
  const inText = placeholders(template);
  const first = template.fields.filter(
    (field) => inText.has(field.id) || field.required || isSet(field, fields, language),
  );
  const shown = all ? template.fields : first;
  const groups = [...new Set(shown.map((field) => field.group?.[tongue] ?? ''))];
  return (
    <div className={classes.form}>
      {groups.map((group) => (
        <section key={group} aria-label={group || t('report.fields-main')}>
          {group && <h4 className={classes.title}>{group}</h4>}
          <div className={classes.grid}>
            {shown
              .filter((field) => (field.group?.[tongue] ?? '') === group)
              .map((field) => (
                <Field
                  key={field.id}
                  field={field}
                  value={fields[field.id] ?? null}
                  language={language}
                  onChange={(value) => onChange(field, value)}
                />
              ))}
          </div>
        </section>
      ))}
      {template.fields.length > first.length && (
        <UnstyledButton className={classes.more ?? ''} aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t('report.fields-fewer') : t('report.fields-all', { n: template.fields.length })}
        </UnstyledButton>
      )}
    </div>
  );
}

const isSet = (field: TemplateField, fields: Record<string, FieldValue>, language: string) => {
  const value = fields[field.id];
  return (
    value !== undefined &&
    value !== null &&
    JSON.stringify(value) !== JSON.stringify(defaultOf(field, tongueOf(language)))
  );
};

interface FieldProps {
  field: TemplateField;
  value: FieldValue;
  language: string;
  onChange: (value: FieldValue) => void;
}

function Field({ field, value, language, onChange }: FieldProps) {
  const { t } = useTranslation();
  const id = useId();
  const tongue = tongueOf(language);
  const label = field.label[tongue];
  if (field.multiple) return <Choices field={field} value={value} language={language} onChange={onChange} />;
  if (field.type === 'bool')
    return (
      <div className={classes.check}>
        <input id={id} type="checkbox" checked={value === true} onChange={(e) => onChange(e.currentTarget.checked)} />
        <label htmlFor={id}>{label}</label>
      </div>
    );
  const options =
    field.type === 'laterality'
      ? SIDE_VALUES.map((side) => ({ value: side, text: sideText(side, tongue) }))
      : field.options.map((option) => ({ value: option.value, text: option[tongue] }));
  return (
    <div className={classes.field}>
      <label htmlFor={id}>
        {label}
        {field.required && <span className={classes.required}> *</span>}
      </label>
      {field.type === 'number' ? (
        <NumberInput id={id} field={field} value={value} language={language} onChange={onChange} />
      ) : field.type === 'text' ? (
        <input
          id={id}
          type="text"
          lang={language}
          spellCheck={false}
          maxLength={1000}
          value={typeof value === 'string' ? value : ''}
          onChange={(event) => onChange(event.currentTarget.value || null)}
        />
      ) : (
        <select id={id} value={String(value ?? '')} onChange={(event) => onChange(event.currentTarget.value || null)}>
          <option value="">{t('report.field-unset')}</option>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.text}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function Choices({ field, value, language, onChange }: FieldProps) {
  const tongue = tongueOf(language);
  const chosen = Array.isArray(value) ? value : [];
  const toggle = (one: string) => {
    const next = field.options
      .map((option) => option.value)
      .filter((option) => (option === one) !== chosen.includes(option));
    onChange(next.length ? next : null);
  };
  return (
    <fieldset className={classes.choices}>
      <legend>{field.label[tongue]}</legend>
      {field.options.map((option) => (
        <label key={option.value}>
          <input type="checkbox" checked={chosen.includes(option.value)} onChange={() => toggle(option.value)} />
          {option[tongue]}
        </label>
      ))}
    </fieldset>
  );
}

/** A number as it is written here, with a comma or a point; what is no number stays as it is and is not taken. */
function NumberInput({ id, field, value, language, onChange }: FieldProps & { id: string }) {
  const { t } = useTranslation();
  const tongue = tongueOf(language);
  const shown = typeof value === 'number' ? numberText(value, tongue) : '';
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? shown;
  const number = numberOf(text);
  const { minimum, maximum } = field;
  const outside = number !== null && ((minimum !== null && number < minimum) || (maximum !== null && number > maximum));
  const wrong = (text.trim() !== '' && number === null) || outside;
  return (
    <span className={classes.number}>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        value={text}
        placeholder={field.normal?.[tongue]}
        aria-invalid={wrong}
        title={wrong ? t('report.field-number') : undefined}
        onChange={(event) => {
          const next = event.currentTarget.value;
          setTyped(next);
          const taken = numberOf(next);
          if (next.trim() === '') onChange(null);
          else if (taken !== null && (minimum === null || taken >= minimum) && (maximum === null || taken <= maximum))
            onChange(taken);
        }}
        onBlur={() => setTyped(null)}
      />
      {field.unit && <span className={classes.unit}>{field.unit}</span>}
    </span>
  );
}
