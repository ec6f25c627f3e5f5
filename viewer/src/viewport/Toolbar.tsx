import { ActionIcon, Group, Menu, Tooltip, UnstyledButton } from '@mantine/core';
import type { ComponentType, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { presetsFor } from '../imaging/presets';
import { datasetAt } from '../imaging/stack';
import { whyNoSuv } from '../imaging/suv';
import type { ImageView } from '../imaging/view';
import type { HandTool, PenTool, ViewState } from '../imaging/viewstate';
import { useMarks, useRoom } from '../tools/useMarks';
import {
  IconAngle,
  IconArrow,
  IconBidirectional,
  IconCalibration,
  IconCardiothoracic,
  IconCobb,
  IconEllipse,
  IconErase,
  IconHelp,
  IconInvert,
  IconKey,
  IconLength,
  IconList,
  IconMagnify,
  IconPan,
  IconPause,
  IconPlay,
  IconProbe,
  IconRectangle,
  IconRedo,
  IconReset,
  IconRotate,
  IconScroll,
  IconUndo,
  IconWindow,
  IconZoom,
} from '../ui/icons';
import { shown } from './keymap';
import { type Command, send, useKeys } from './shortcuts';
import classes from './Toolbar.module.css';

type Icon = ComponentType<{ size?: number }>;

const HANDS: readonly [HandTool, Icon][] = [
  ['window', IconWindow],
  ['scroll', IconScroll],
  ['zoom', IconZoom],
  ['pan', IconPan],
  ['magnify', IconMagnify],
];
/** Always in sight. */
const PENS: readonly [PenTool, Icon][] = [
  ['length', IconLength],
  ['angle', IconAngle],
  ['ellipse', IconEllipse],
];
/** In a menu. */
const MORE_PENS: readonly [PenTool, Icon][] = [
  ['bidirectional', IconBidirectional],
  ['rectangle', IconRectangle],
  ['probe', IconProbe],
  ['arrow', IconArrow],
  ['cobb', IconCobb],
  ['cardiothoracic', IconCardiothoracic],
  ['calibration', IconCalibration],
];

interface Props {
  view: ImageView | null;
  state: ViewState | null;
  keyImage: boolean | null;
  run: (command: Command) => void;
}

/** The first key of an action, as it is printed. */
function useKeyNames(): (id: string) => string {
  const { t } = useTranslation();
  const map = useKeys();
  return (id) => {
    const key = map.byAction.get(id)?.[0];
    return key ? shown(key, t('key.space')) : '';
  };
}

export function Toolbar({ view, state, keyImage, run }: Props) {
  const { t } = useTranslation();
  const keyOf = useKeyNames();
  const ready = state !== null && state.shown >= 0;
  const moving = (state?.stack?.frames.length ?? 0) > 1;
  return (
    <div className={classes.bar} role="toolbar" aria-label={t('tools.label')}>
      <Group gap={1} wrap="nowrap">
        {[...HANDS, ...PENS].map(([tool, Icon]) => (
          <Control
            key={tool}
            label={t(`tools.${tool}`)}
            shortcut={keyOf(`tool-${tool}`)}
            active={state?.tool === tool}
            onClick={() => run({ do: 'tool', tool })}
            icon={<Icon />}
          />
        ))}
        <MorePens state={state} run={run} />
      </Group>
      <span className={classes.divider} />
      <Presets view={view} state={state} ready={ready} />
      <span className={classes.divider} />
      <Group gap={1} wrap="nowrap">
        <Control
          label={t('tools.invert')}
          shortcut={keyOf('invert')}
          active={state?.inverted ?? false}
          disabled={!ready}
          onClick={() => run({ do: 'invert' })}
          icon={<IconInvert />}
        />
        <Turning disabled={!ready} />
        <Control
          label={t('tools.reset')}
          shortcut={keyOf('reset')}
          disabled={!ready}
          onClick={() => run({ do: 'reset' })}
          icon={<IconReset />}
        />
      </Group>
      <span className={classes.divider} />
      {state?.stack && <MarkControls study={state.stack.study} />}
      <Playing view={view} state={state} disabled={!ready || !moving} moving={moving} run={run} />
      <span className={classes.space} />
      {keyImage !== null && (
        <Control
          label={keyImage ? t('tools.key-image-off') : t('tools.key-image-on')}
          shortcut={keyOf('key-image')}
          active={keyImage}
          disabled={!ready}
          onClick={() => run({ do: 'key-image' })}
          icon={<IconKey fill={keyImage ? 'currentColor' : 'none'} />}
        />
      )}
      <Control
        label={t('tools.help')}
        shortcut={keyOf('help')}
        onClick={() => run({ do: 'help' })}
        icon={<IconHelp />}
      />
    </div>
  );
}

/** The measuring tools that are used less; the one in hand shows its own sign. */
function MorePens({ state, run }: Pick<Props, 'state' | 'run'>) {
  const { t } = useTranslation();
  const keyOf = useKeyNames();
  const chosen = MORE_PENS.find(([tool]) => tool === state?.tool);
  const Chosen = chosen?.[1] ?? IconBidirectional;
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <UnstyledButton
          className={classes.presets}
          data-active={chosen !== undefined || undefined}
          aria-label={chosen ? `${t('tools.more')}: ${t(`tools.${chosen[0]}`)}` : t('tools.more')}
          title={t('tools.more')}
        >
          <Chosen /> <span aria-hidden="true">▾</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {MORE_PENS.map(([tool, Icon]) => (
          <Menu.Item
            key={tool}
            leftSection={<Icon />}
            onClick={() => run({ do: 'tool', tool })}
            rightSection={<kbd className={classes.key}>{keyOf(`tool-${tool}`)}</kbd>}
          >
            {t(`tools.${tool}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Presets({ view, state, ready }: Pick<Props, 'view' | 'state'> & { ready: boolean }) {
  const { t } = useTranslation();
  const keyOf = useKeyNames();
  const presets = presetsFor(state?.stack?.modality ?? '');
  const disabled = !ready || state?.stack?.color;
  const ds = state?.stack && datasetAt(state.stack, Math.max(0, state.shown));
  const withoutSuv = !ds || whyNoSuv(ds) !== null; // the image itself says why
  return (
    <Menu position="bottom-start" disabled={disabled}>
      <Menu.Target>
        <UnstyledButton className={classes.presets} disabled={disabled}>
          {t('tools.presets')} <span aria-hidden="true">▾</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {presets.map((preset, index) => (
          <Menu.Item
            key={preset.name}
            onClick={() => view?.applyPreset(preset)}
            disabled={preset.suv !== undefined && withoutSuv}
            rightSection={index < 9 && <kbd className={classes.key}>{keyOf(`preset-${index + 1}`)}</kbd>}
          >
            {t(`preset.${preset.name}`)}
            {preset.window && (
              <span className={classes.values}>
                {preset.window.width} / {preset.window.center}
              </span>
            )}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

const TURNS = ['flip', 'flip-vertical', 'rotate', 'rotate-back', 'fit', 'actual-size', 'window-values'] as const;

/** Turns and sizes: keys do them faster, so one button is enough. */
function Turning({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation();
  const keyOf = useKeyNames();
  return (
    <Menu position="bottom-start" disabled={disabled}>
      <Menu.Target>
        <UnstyledButton
          className={classes.presets}
          disabled={disabled}
          aria-label={t('tools.turning')}
          title={t('tools.turning')}
        >
          <IconRotate /> <span aria-hidden="true">▾</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {TURNS.map((id) => (
          <Menu.Item
            key={id}
            onClick={() => send({ do: id })}
            rightSection={<kbd className={classes.key}>{keyOf(id)}</kbd>}
          >
            {t(`tools.${id}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Undo, redo and delete, as far as there is something to. They go the keys' way. */
function MarkControls({ study }: { study: string }) {
  const { t } = useTranslation();
  const keyOf = useKeyNames();
  const { canUndo, canRedo, room, marks } = useMarks(study);
  const { selected } = useRoom(room);
  if (!canUndo && !canRedo && !marks.length) return null;
  return (
    <>
      <Group gap={1} wrap="nowrap">
        <Control
          label={t('tools.undo')}
          shortcut={keyOf('undo')}
          disabled={!canUndo}
          onClick={() => send({ do: 'undo' })}
          icon={<IconUndo />}
        />
        {canRedo && (
          <Control
            label={t('tools.redo')}
            shortcut={keyOf('redo')}
            onClick={() => send({ do: 'redo' })}
            icon={<IconRedo />}
          />
        )}
        <Control
          label={t('tools.erase')}
          shortcut={keyOf('delete')}
          disabled={!selected}
          onClick={() => send({ do: 'delete' })}
          icon={<IconErase />}
        />
        <Control
          label={t('tools.marks')}
          shortcut={keyOf('marks')}
          onClick={() => send({ do: 'marks' })}
          icon={<IconList />}
        />
      </Group>
      <span className={classes.divider} />
    </>
  );
}

function Playing({
  view,
  state,
  disabled,
  moving,
  run,
}: Pick<Props, 'view' | 'state' | 'run'> & { disabled: boolean; moving: boolean }) {
  const { t } = useTranslation();
  const keyOf = useKeyNames();
  return (
    <Group gap={1} wrap="nowrap">
      <Control
        label={state?.playing ? t('tools.pause') : t('tools.play')}
        shortcut={keyOf('play')}
        active={state?.playing ?? false}
        disabled={disabled}
        onClick={() => run({ do: 'play' })}
        icon={state?.playing ? <IconPause /> : <IconPlay />}
      />
      {moving && state?.playing && (
        <label className={classes.rate}>
          <span className="visually-hidden">{t('tools.rate')}</span>
          <input
            type="range"
            min={1}
            max={60}
            value={state.rate}
            onChange={(event) => view?.setRate(Number(event.currentTarget.value))}
          />
          <output>{t('tools.per-second', { n: state.rate })}</output>
        </label>
      )}
    </Group>
  );
}

interface ControlProps {
  label: string;
  shortcut: string;
  icon: ReactNode;
  active?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

function Control({ label, shortcut, icon, active, disabled = false, onClick }: ControlProps) {
  return (
    <Tooltip
      label={
        <>
          {label} {shortcut && <kbd className={classes.key}>{shortcut}</kbd>}
        </>
      }
      openDelay={350}
    >
      <ActionIcon
        variant={active ? 'filled' : 'subtle'}
        color={active ? 'sea' : 'gray'}
        size={30}
        aria-label={label}
        aria-pressed={active}
        disabled={disabled}
        onClick={(event) => {
          onClick();
          if (event.detail > 0) event.currentTarget.blur(); // after a click the keys belong to the image again
        }}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
