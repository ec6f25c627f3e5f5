/** Chooses what lies over an image, and in which of its windows it is seen. */
import { Button, Checkbox, Popover, Radio, Slider, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { dicomDate, personName } from '../i18n/format';
import type { Voi } from '../imaging/luts';
import { windowOf } from '../imaging/presets';
import classes from './ObjectLayers.module.css';
import type { Layer, Segmentation } from './types';

export interface Choice {
  /** The presentation state that the image is seen by; null: as it was stored. */
  readonly state: string | null;
  /** Segmentations and structure sets that are drawn, by SOP Instance UID. */
  readonly shown: ReadonlySet<string>;
  /** Segments of them that are not. */
  readonly hidden: ReadonlySet<string>;
  readonly opacity: number;
  readonly planes: boolean;
  readonly shutter: boolean;
  readonly voi: number;
}

export const chosenAtFirst = (): Choice => ({
  state: null,
  shown: new Set(),
  hidden: new Set(),
  opacity: 0.45,
  planes: true,
  shutter: true,
  voi: 0,
});

interface Props {
  opened: boolean;
  onOpened: (opened: boolean) => void;
  layers: readonly Layer[];
  segmentations: ReadonlyMap<string, Segmentation | undefined>;
  hasPlanes: boolean;
  hasShutter: boolean;
  vois: readonly Voi[];
  choice: Choice;
  onChoose: (choice: Choice) => void;
  onVoi: (index: number) => void;
}

const toggled = (set: ReadonlySet<string>, key: string) => {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
};

export function LayerMenu(props: Props) {
  const { t } = useTranslation();
  const { opened, onOpened, layers, hasPlanes, hasShutter, vois, choice } = props;
  const count = layers.length + (hasPlanes ? 1 : 0) + (hasShutter ? 1 : 0);
  if (!count && vois.length < 2) return null;
  return (
    <Popover
      opened={opened}
      onChange={onOpened}
      position="bottom"
      width={320}
      shadow="md"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <button type="button" className={classes.pill} aria-expanded={opened} onClick={() => onOpened(!opened)}>
          {count ? t('objects.layers-count', { n: count }) : t('objects.windows')}
          {choice.state && ` · ${labelOf(layers.find((one) => one.sop === choice.state))}`}
        </button>
      </Popover.Target>
      <Popover.Dropdown className={classes.menu} role="dialog" aria-label={t('objects.layers')}>
        <Stack gap="sm">
          <States {...props} />
          <Masks {...props} />
          {(hasPlanes || hasShutter) && <OwnLayers {...props} />}
          <Windows {...props} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

const labelOf = (layer: Layer | undefined) => layer?.label || layer?.description || '';

function States({ layers, choice, onChoose }: Props) {
  const { t } = useTranslation();
  const states = layers.filter((one) => one.kind === 'presentation');
  if (!states.length) return null;
  return (
    <Radio.Group
      label={t('objects.presentation-states')}
      value={choice.state ?? ''}
      onChange={(sop) => onChoose({ ...choice, state: sop || null })}
    >
      <Stack gap={4} mt={4}>
        <Radio value="" label={t('objects.as-stored')} size="xs" />
        {states.map((one) => (
          <Radio
            key={one.sop}
            value={one.sop}
            size="xs"
            label={labelOf(one) || t('objects.unnamed')}
            description={[dicomDate(one.date.slice(0, 8)), personName(one.creator), one.description]
              .filter(Boolean)
              .join(' · ')}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}

function Masks({ layers, segmentations, choice, onChoose }: Props) {
  const { t } = useTranslation();
  const masks = layers.filter((one) => one.kind !== 'presentation');
  if (!masks.length) return null;
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500}>
        {t('objects.segmentations')}
      </Text>
      {masks.map((one) => (
        <Stack key={one.sop} gap={2}>
          <Checkbox
            size="xs"
            label={labelOf(one) || t('objects.unnamed')}
            checked={choice.shown.has(one.sop)}
            onChange={() => onChoose({ ...choice, shown: toggled(choice.shown, one.sop) })}
          />
          {segmentations.get(one.sop)?.segments.map((segment) => {
            const key = `${one.sop} ${segment.number}`;
            return (
              <Checkbox
                key={key}
                size="xs"
                ml={20}
                checked={!choice.hidden.has(key)}
                onChange={() => onChoose({ ...choice, hidden: toggled(choice.hidden, key) })}
                label={
                  <span className={classes.segment}>
                    <i style={{ background: `rgb(${segment.colour.join(' ')})` }} />
                    {segment.label || segment.kind || segment.number}
                  </span>
                }
              />
            );
          })}
        </Stack>
      ))}
      <Text size="xs" c="dark.1" id="objects-opacity">
        {t('objects.opacity')}
      </Text>
      <Slider
        size="xs"
        min={0.1}
        max={1}
        step={0.05}
        label={(value) => `${Math.round(value * 100)}%`}
        thumbLabel={t('objects.opacity')}
        value={choice.opacity}
        onChange={(opacity) => onChoose({ ...choice, opacity })}
      />
    </Stack>
  );
}

function OwnLayers({ hasPlanes, hasShutter, choice, onChoose }: Props) {
  const { t } = useTranslation();
  return (
    <Stack gap={4}>
      {hasPlanes && (
        <Checkbox
          size="xs"
          label={t('objects.overlays')}
          checked={choice.planes}
          onChange={() => onChoose({ ...choice, planes: !choice.planes })}
        />
      )}
      {hasShutter && (
        <Checkbox
          size="xs"
          label={t('objects.shutter')}
          checked={choice.shutter}
          onChange={() => onChoose({ ...choice, shutter: !choice.shutter })}
        />
      )}
    </Stack>
  );
}

function Windows({ vois, choice, onVoi }: Props) {
  const { t } = useTranslation();
  if (vois.length < 2) return null;
  return (
    <Stack gap={4}>
      <Text size="sm" fw={500}>
        {t('objects.windows')}
      </Text>
      {vois.map((voi, index) => {
        const { width, center } = windowOf(voi.range);
        const shape = voi.curve.kind === 'linear' ? '' : ` · ${t(`objects.curve.${voi.curve.kind}`)}`;
        return (
          <Button
            // biome-ignore lint/suspicious/noArrayIndexKey: the windows of an image have nothing but their place
            key={index}
            size="compact-xs"
            justify="flex-start"
            variant={choice.voi === index ? 'light' : 'subtle'}
            onClick={() => onVoi(index)}
          >
            {voi.name && `${voi.name} · `}W {Math.round(width)} · L {Math.round(center)}
            {shape}
          </Button>
        );
      })}
    </Stack>
  );
}
