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
import { useViewPart } from './views';

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
  keyImage: boolean | null;
  run: (command: Command) => void;
}

/** What the bar says of the picture; scrolling changes none of it. */
function faceOf(state: ViewState | null) {
  const ds = state?.stack && datasetAt(state.stack, Math.max(0, state.shown));
  return {
    study: state?.stack?.study,
    modality: state?.stack?.modality ?? '',
    color: state?.stack?.color ?? false,
    tool: state?.tool,
    inverted: state?.inverted ?? false,
    playing: state?.playing ?? false,
    rate: state?.rate ?? 0,
    ready: state !== null && state.shown >= 0,
    moving: (state?.stack?.frames.length ?? 0) > 1,
    withoutSuv: !ds || whyNoSuv(ds) !== null, // the image itself says why
  };
}

interface Shown {
  face: ReturnType<typeof faceOf>;
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

export function Toolbar({ view, keyImage, run }: Props) {
  const { t } = useTranslation();
  const keyOf = useKeyNames();
  const face = useViewPart(view, faceOf);
  const { ready } = face;
  return (
    <div className={classes.bar} role="toolbar" aria-label={t('tools.label')}>
      <Group gap={1} wrap="nowrap">
        {[...HANDS, ...PENS].map(([tool, Icon]) => (
          <Control
            key={tool}
            label={t(`tools.${tool}`)}
            shortcut={keyOf(`tool-${tool}`)}
            active={face.tool === tool}
            onClick={() => run({ do: 'tool', tool })}
            icon={<Icon />}
          />
        ))}
        <MorePens face={face} run={run} />
      </Group>
      <span className={classes.divider} />
      <Presets view={view} face={face} />
      <span className={classes.divider} />
      <Group gap={1} wrap="nowrap">
        <Control
          label={t('tools.invert')}
          shortcut={keyOf('invert')}
          active={face.inverted}
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
      {face.study && <MarkControls study={face.study} />}
      <Playing view={view} face={face} run={run} />
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
function MorePens({ face, run }: Shown & Pick<Props, 'run'>) {
  const { t } = useTranslation();
  const keyOf = useKeyNames();
  const chosen = MORE_PENS.find(([tool]) => tool === face.tool);
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

function Presets({ view, face }: Shown & Pick<Props, 'view'>) {
  const { t } = useTranslation();
  const keyOf = useKeyNames();
  const presets = presetsFor(face.modality);
  const disabled = !face.ready || face.color;
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
            disabled={preset.suv !== undefined && face.withoutSuv}
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

function Playing({ view, face, run }: Shown & Pick<Props, 'view' | 'run'>) {
  const { t } = useTranslation();
  const keyOf = useKeyNames();
  const { playing, rate, moving } = face;
  return (
    <Group gap={1} wrap="nowrap">
      <Control
        label={playing ? t('tools.pause') : t('tools.play')}
        shortcut={keyOf('play')}
        active={playing}
        disabled={!face.ready || !moving}
        onClick={() => run({ do: 'play' })}
        icon={playing ? <IconPause /> : <IconPlay />}
      />
      {moving && playing && (
        <label className={classes.rate}>
          <span className="visually-hidden">{t('tools.rate')}</span>
          <input
            type="range"
            min={1}
            max={60}
            value={rate}
            onChange={(event) => view?.setRate(Number(event.currentTarget.value))}
          />
          <output>{t('tools.per-second', { n: rate })}</output>
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
