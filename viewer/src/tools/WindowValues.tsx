/** The window in numbers: width and centre, typed. */
import { Button, Group, Modal, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { rangeOf, windowOf } from '../imaging/presets';
import type { ImageView } from '../imaging/view';
import { numberOf } from './words';

/** A number with comma or point; null: it is none. */
export function numberFrom(text: string): number | null {
  const clean = text.trim().replace(',', '.').replace('−', '-');
  return /^[-+]?\d+(\.\d+)?$/.test(clean) ? Number(clean) : null;
}

const plain = (value: number) => numberOf(value, Number.isInteger(value) || Math.abs(value) > 20 ? 0 : 2);

export function WindowValues({ view, onClose }: { view: ImageView; onClose: () => void }) {
  const { t } = useTranslation();
  const { range } = view.getState();
  const now = range ? windowOf(range) : { width: 400, center: 40 };
  const [width, setWidth] = useState(plain(now.width));
  const [center, setCenter] = useState(plain(now.center));
  const [w, c] = [numberFrom(width), numberFrom(center)];
  const good = w !== null && c !== null && w >= 1;
  const apply = (event: FormEvent) => {
    event.preventDefault();
    if (!good) return;
    view.setRange(rangeOf(w, c));
    onClose();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('marks.window-title')}
      size="xs"
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={apply}>
        <Group grow>
          <TextInput
            label={t('marks.window-width')}
            value={width}
            inputMode="decimal"
            data-autofocus
            onFocus={(event) => event.currentTarget.select()}
            onChange={(event) => setWidth(event.currentTarget.value)}
          />
          <TextInput
            label={t('marks.window-center')}
            value={center}
            inputMode="decimal"
            onFocus={(event) => event.currentTarget.select()}
            onChange={(event) => setCenter(event.currentTarget.value)}
          />
        </Group>
        <Group justify="flex-end" mt="md">
          <Button type="submit" disabled={!good}>
            {t('marks.apply')}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
