/** One protocol, to be changed: which studies it is for, and what stands in each cell. */
import {
  Button,
  Checkbox,
  Fieldset,
  Group,
  NativeSelect,
  NumberInput,
  SimpleGrid,
  Stack,
  TextInput,
} from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { presetsFor } from '../imaging/presets';
import { LAYOUTS, type PlaneName, sizeOf } from '../viewport/grid';
import type { CellRule, Pick, Protocol, Show, When } from './rules';

interface Props {
  protocol: Protocol;
  busy: boolean;
  canSaveForSite: boolean;
  onSave: (protocol: Protocol, forSite: boolean) => void;
  onCancel: () => void;
}

const EMPTY_CELL: CellRule = { pick: { prior: 0, words: [], avoid: [], first: 'largest' }, show: {} };
const PLANES: readonly PlaneName[] = ['axial', 'coronal', 'sagittal'];
const listed = (words: readonly string[]) => words.join(', ');
const unlisted = (text: string) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);

export function ProtocolForm({ protocol, busy, canSaveForSite, onSave, onCancel }: Props) {
  const { t, i18n } = useTranslation();
  const language = i18n.language === 'en' ? 'en' : 'vi';
  const [draft, setDraft] = useState(protocol);
  const { when, layout } = draft;
  const about = (patch: Partial<When>) => setDraft({ ...draft, when: { ...when, ...patch } });
  const cells = Array.from({ length: sizeOf(layout) }, (_, cell) => draft.cells[cell] ?? EMPTY_CELL);
  const setCell = (cell: number, next: CellRule) =>
    setDraft({ ...draft, cells: cells.map((one, index) => (index === cell ? next : one)) });
  const finished = { ...draft, cells };
  return (
    <Stack gap="sm">
      <SimpleGrid cols={2} spacing="sm">
        <TextInput
          size="xs"
          label={t('hanging.name')}
          value={draft.name[language]}
          onChange={(event) => setDraft({ ...draft, name: { ...draft.name, [language]: event.currentTarget.value } })}
        />
        <NativeSelect
          size="xs"
          label={t('hanging.layout')}
          value={`${layout.rows}x${layout.columns}`}
          data={LAYOUTS.map(({ rows, columns }) => ({ value: `${rows}x${columns}`, label: `${rows} × ${columns}` }))}
          onChange={(event) => {
            const [rows, columns] = event.currentTarget.value.split('x').map(Number);
            setDraft({ ...draft, layout: { rows: rows!, columns: columns! } });
          }}
        />
        <Words
          label={t('hanging.modalities')}
          value={when.modalities}
          onChange={(modalities) => about({ modalities })}
        />
        <Words label={t('hanging.body-parts')} value={when.bodyParts} onChange={(bodyParts) => about({ bodyParts })} />
        <Words label={t('hanging.words')} value={when.words} onChange={(words) => about({ words })} />
        <NumberInput
          size="xs"
          label={t('hanging.priors')}
          min={0}
          max={9}
          value={when.priors}
          onChange={(value) => about({ priors: Number(value) || 0 })}
        />
      </SimpleGrid>
      {cells.map((cell, index) => (
        <CellFields
          // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
          key={index}
          number={index + 1}
          cell={cell}
          onChange={(next) => setCell(index, next)}
        />
      ))}
      <Checkbox
        size="xs"
        label={t('hanging.keep-empty')}
        checked={draft.keepEmpty ?? false}
        onChange={(event) => setDraft({ ...draft, keepEmpty: event.currentTarget.checked })}
      />
      <Group gap="xs">
        <Button size="xs" loading={busy} onClick={() => onSave(finished, false)}>
          {t('hanging.keep-mine')}
        </Button>
        {canSaveForSite && (
          <Button size="xs" variant="default" loading={busy} onClick={() => onSave(finished, true)}>
            {t('hanging.save-site')}
          </Button>
        )}
        <Button size="xs" variant="subtle" onClick={onCancel}>
          {t('action.close')}
        </Button>
      </Group>
    </Stack>
  );
}

interface WordsProps {
  label: string;
  value: readonly string[];
  onChange: (words: string[]) => void;
}

function Words({ label, value, onChange }: WordsProps) {
  const [text, setText] = useState(listed(value));
  return (
    <TextInput
      size="xs"
      label={label}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        onChange(unlisted(event.currentTarget.value));
      }}
    />
  );
}

interface CellProps {
  number: number;
  cell: CellRule;
  onChange: (cell: CellRule) => void;
}

function CellFields({ number, cell, onChange }: CellProps) {
  const { t } = useTranslation();
  const { pick, show } = cell;
  const choose = (patch: Partial<Pick>) => onChange({ ...cell, pick: { ...pick, ...patch } });
  const look = (patch: Partial<Show>) => onChange({ ...cell, show: { ...show, ...patch } });
  const any = { value: '', label: t('hanging.any') };
  return (
    <Fieldset legend={t('layout.cell', { n: number })} p="xs">
      <SimpleGrid cols={4} spacing="xs">
        <NativeSelect
          size="xs"
          label={t('hanging.study')}
          value={String(pick.prior)}
          data={[
            { value: '0', label: t('hanging.current') },
            { value: '1', label: t('hanging.newest-prior') },
          ]}
          onChange={(event) => choose({ prior: Number(event.currentTarget.value) })}
        />
        <NativeSelect
          size="xs"
          label={t('hanging.plane')}
          value={pick.plane ?? ''}
          data={[any, ...PLANES.map((plane) => ({ value: plane, label: t(`planes.${plane}`) }))]}
          onChange={(event) => choose({ plane: (event.currentTarget.value || undefined) as PlaneName | undefined })}
        />
        <NativeSelect
          size="xs"
          label={t('hanging.side')}
          value={pick.laterality ?? ''}
          data={[any, { value: 'R', label: t('hanging.right') }, { value: 'L', label: t('hanging.left') }]}
          onChange={(event) =>
            choose({ laterality: (event.currentTarget.value || undefined) as 'R' | 'L' | undefined })
          }
        />
        <TextInput
          size="xs"
          label={t('hanging.view')}
          value={pick.view ?? ''}
          onChange={(event) => choose({ view: event.currentTarget.value.toUpperCase() || undefined })}
        />
        <Words label={t('hanging.prefer')} value={pick.words} onChange={(words) => choose({ words })} />
        <Words label={t('hanging.avoid')} value={pick.avoid} onChange={(avoid) => choose({ avoid })} />
        <NativeSelect
          size="xs"
          label={t('hanging.window')}
          value={show.preset ?? ''}
          data={[
            { value: '', label: t('hanging.own-window') },
            ...presetsFor('CT')
              .filter((preset) => preset.window)
              .map((preset) => ({ value: preset.name, label: t(`preset.${preset.name}`) })),
          ]}
          onChange={(event) => look({ preset: event.currentTarget.value || undefined })}
        />
        <Checkbox
          size="xs"
          mt={26}
          label={t('tools.invert')}
          checked={show.invert ?? false}
          onChange={(event) => look({ invert: event.currentTarget.checked || undefined })}
        />
      </SimpleGrid>
    </Fieldset>
  );
}
