import { ActionIcon, Group, Menu, Tooltip, UnstyledButton } from '@mantine/core';
import type { ComponentType } from 'react';
import { useTranslation } from 'react-i18next';
import { presetsFor } from '../imaging/presets';
import type { ImageView } from '../imaging/view';
import type { ViewState } from '../imaging/viewstate';
import {
  IconEllipse,
  IconFlip,
  IconHelp,
  IconInvert,
  IconKey,
  IconLength,
  IconPan,
  IconPause,
  IconPlay,
  IconReset,
  IconRotate,
  IconScroll,
  IconWindow,
  IconZoom,
} from '../ui/icons';
import type { Command } from './shortcuts';
import classes from './Toolbar.module.css';

const TOOLS: readonly {
  tool: 'window' | 'scroll' | 'zoom' | 'pan' | 'length' | 'ellipse';
  key: string;
  icon: ComponentType;
}[] = [
  { tool: 'window', key: 'W', icon: IconWindow },
  { tool: 'scroll', key: 'S', icon: IconScroll },
  { tool: 'zoom', key: 'Z', icon: IconZoom },
  { tool: 'pan', key: 'P', icon: IconPan },
  { tool: 'length', key: 'L', icon: IconLength },
  { tool: 'ellipse', key: 'E', icon: IconEllipse },
];

interface Props {
  view: ImageView | null;
  state: ViewState | null;
  keyImage: boolean | null;
  run: (command: Command) => void;
}

export function Toolbar({ view, state, keyImage, run }: Props) {
  const { t } = useTranslation();
  const presets = presetsFor(state?.stack?.modality ?? '');
  const ready = state !== null && state.shown >= 0;
  const moving = (state?.stack?.frames.length ?? 0) > 1;
  return (
    <div className={classes.bar} role="toolbar" aria-label={t('tools.label')}>
      <Group gap={2} wrap="nowrap">
        {TOOLS.map(({ tool, key, icon: Icon }) => (
          <Control
            key={tool}
            label={t(`tools.${tool}`)}
            shortcut={key}
            active={state?.tool === tool}
            onClick={() => run({ do: 'tool', tool })}
            icon={<Icon />}
          />
        ))}
      </Group>
      <span className={classes.divider} />
      <Menu position="bottom-start" disabled={!ready || state?.stack?.color}>
        <Menu.Target>
          <UnstyledButton className={classes.presets} disabled={!ready || state?.stack?.color}>
            {t('tools.presets')} <span aria-hidden="true">▾</span>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          {presets.map((preset, index) => (
            <Menu.Item
              key={preset.name}
              onClick={() => view?.applyPreset(preset)}
              rightSection={<kbd className={classes.key}>{index + 1}</kbd>}
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
      <span className={classes.divider} />
      <Group gap={2} wrap="nowrap">
        <Control
          label={t('tools.invert')}
          shortcut="I"
          active={state?.inverted ?? false}
          disabled={!ready}
          onClick={() => run({ do: 'invert' })}
          icon={<IconInvert />}
        />
        <Control
          label={t('tools.flip')}
          shortcut="H"
          disabled={!ready}
          onClick={() => run({ do: 'flip' })}
          icon={<IconFlip />}
        />
        <Control
          label={t('tools.rotate')}
          shortcut="T"
          disabled={!ready}
          onClick={() => run({ do: 'rotate' })}
          icon={<IconRotate />}
        />
        <Control
          label={t('tools.reset')}
          shortcut="R"
          disabled={!ready}
          onClick={() => run({ do: 'reset' })}
          icon={<IconReset />}
        />
      </Group>
      <span className={classes.divider} />
      <Group gap={2} wrap="nowrap">
        <Control
          label={state?.playing ? t('tools.pause') : t('tools.play')}
          shortcut={t('key.space')}
          active={state?.playing ?? false}
          disabled={!ready || !moving}
          onClick={() => run({ do: 'play' })}
          icon={state?.playing ? <IconPause /> : <IconPlay />}
        />
        {moving && state && (
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
      <span className={classes.space} />
      {keyImage !== null && (
        <Control
          label={keyImage ? t('tools.key-image-off') : t('tools.key-image-on')}
          shortcut="K"
          active={keyImage}
          disabled={!ready}
          onClick={() => run({ do: 'key-image' })}
          icon={<IconKey fill={keyImage ? 'currentColor' : 'none'} />}
        />
      )}
      <Control label={t('tools.help')} shortcut="?" onClick={() => run({ do: 'help' })} icon={<IconHelp />} />
    </div>
  );
}

interface ControlProps {
  label: string;
  shortcut: string;
  icon: React.ReactNode;
  active?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

function Control({ label, shortcut, icon, active, disabled = false, onClick }: ControlProps) {
  return (
    <Tooltip
      label={
        <>
          {label} <kbd className={classes.key}>{shortcut}</kbd>
        </>
      }
      openDelay={350}
    >
      <ActionIcon
        variant={active ? 'filled' : 'subtle'}
        color={active ? 'sea' : 'gray'}
        size={32}
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
