/** A template for tests. */
import type { Template, TemplateField } from './templates';

export const aField = (id: string, more: Partial<TemplateField> = {}): TemplateField => ({
  id,
  label: { vi: id, en: id },
  type: 'text',
  unit: '',
  options: [],
  default: null,
  normal: null,
  required: false,
  multiple: false,
  minimum: null,
  maximum: null,
  group: null,
  ...more,
});

export const aTemplate = (more: Partial<Template> = {}): Template => ({
  code: 'CT-HEAD',
  version: 1,
  name: { vi: 'CT sọ não', en: 'CT of the head' },
  modality: ['CT'],
  body_part: ['HEAD'],
  dvkt: [],
  form: '',
  shortcut: '/ctsn',
  fields: [
    aField('thickness', {
      label: { vi: 'Độ dày lát cắt', en: 'Slice thickness' },
      type: 'number',
      unit: 'mm',
      default: 5,
      minimum: 0,
    }),
    aField('side', { label: { vi: 'Bên', en: 'Side' }, type: 'laterality' }),
    aField('bleeding', {
      label: { vi: 'Chảy máu', en: 'Haemorrhage' },
      type: 'enum',
      default: 'no',
      options: [
        { value: 'no', vi: 'không', en: 'none' },
        { value: 'subdural', vi: 'dưới màng cứng', en: 'subdural' },
      ],
    }),
  ],
  normal_text: {
    vi: {
      technique: 'Lát cắt {thickness} mm.',
      findings: 'Đường giữa không lệch.',
      conclusion: 'Bình thường.',
      recommendation: '',
    },
    en: {
      technique: '{thickness} mm slices.',
      findings: 'The midline is not shifted.',
      conclusion: 'Normal.',
      recommendation: '',
    },
  },
  critical: [],
  rules: [],
  ...more,
});
