/** Waveforms on millimetre paper: 25 mm/s and 10 mm/mV unless the reader wants it otherwise, with callipers. */
import { Group, SegmentedControl, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNote, Loading } from '../ui/states';
import classes from './EcgView.module.css';
import { isTwelveLead, measured, type Sheet, sheetOf, valuesOf } from './ecg';
import { face, type Place } from './node';
import type { Waveform, WaveformGroup } from './types';

export function EcgView({ place }: { place: Place }) {
  const waveform = useQuery(face('waveform', place));
  if (waveform.error) return <ErrorNote error={waveform.error} onRetry={() => void waveform.refetch()} />;
  if (!waveform.data) return <Loading />;
  return <Tracing waveform={waveform.data} />;
}

const SPEEDS = ['25', '50'];
const GAINS = ['5', '10', '20'];
const ZOOMS = ['3', '4', '6', '8'];

function Tracing({ waveform }: { waveform: Waveform }) {
  const { t } = useTranslation();
  const [at, setAt] = useState(0);
  const [speed, setSpeed] = useState('25');
  const [gain, setGain] = useState('10');
  const [zoom, setZoom] = useState('4');
  const [layout, setLayout] = useState<'grid' | 'rows'>('grid');
  const group = waveform.groups[at] ?? waveform.groups[0]!;
  const twelve = isTwelveLead(group);
  return (
    <div className={classes.page}>
      <Group gap="md" className={classes.bar}>
        {waveform.groups.length > 1 && (
          <Select
            size="xs"
            aria-label={t('objects.ecg.group')}
            allowDeselect={false}
            value={String(at)}
            onChange={(value) => setAt(Number(value))}
            data={waveform.groups.map((one, index) => ({
              value: String(index),
              label: one.label || t('objects.ecg.group-n', { n: index + 1 }),
            }))}
          />
        )}
        {twelve && (
          <SegmentedControl
            size="xs"
            aria-label={t('objects.ecg.layout')}
            value={layout}
            onChange={(value) => setLayout(value as 'grid' | 'rows')}
            data={[
              { value: 'grid', label: t('objects.ecg.grid') },
              { value: 'rows', label: t('objects.ecg.rows') },
            ]}
          />
        )}
        <Choice label={t('objects.ecg.speed')} unit="mm/s" values={SPEEDS} value={speed} onChange={setSpeed} />
        <Choice label={t('objects.ecg.gain')} unit="mm/mV" values={GAINS} value={gain} onChange={setGain} />
        <Choice label={t('objects.ecg.zoom')} unit="px/mm" values={ZOOMS} value={zoom} onChange={setZoom} />
        <span className={classes.soft}>{t('objects.ecg.how-to-measure')}</span>
      </Group>
      <div className={classes.body}>
        <Paper
          group={group}
          speed={Number(speed)}
          gain={Number(gain)}
          zoom={Number(zoom)}
          layout={twelve ? layout : 'rows'}
        />
        <Statements waveform={waveform} />
      </div>
    </div>
  );
}

interface ChoiceProps {
  label: string;
  unit: string;
  values: readonly string[];
  value: string;
  onChange: (value: string) => void;
}

function Choice({ label, unit, values, value, onChange }: ChoiceProps) {
  return (
    <Group gap={6}>
      <SegmentedControl size="xs" aria-label={label} data={[...values]} value={value} onChange={onChange} />
      <span className={classes.soft}>{unit}</span>
    </Group>
  );
}

interface PaperProps {
  group: WaveformGroup;
  speed: number;
  gain: number;
  zoom: number;
  layout: 'grid' | 'rows';
}

type Place2 = readonly [x: number, y: number];

function Paper({ group, speed, gain, zoom, layout }: PaperProps) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const sheet = useMemo(() => sheetOf(group, speed, layout), [group, speed, layout]);
  const values = useMemo(() => group.channels.map(valuesOf), [group]);
  const [span, setSpan] = useState<readonly [Place2, Place2] | null>(null);
  const [measuring, setMeasuring] = useState(false);

  useEffect(() => {
    if (canvas.current) draw(canvas.current, sheet, group, values, { speed, gain, zoom });
  }, [sheet, group, values, speed, gain, zoom]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another scale ends a measurement
  useEffect(() => setSpan(null), [sheet, gain, zoom]);

  const placeOf = (event: PointerEvent): Place2 => {
    const box = canvas.current!.getBoundingClientRect();
    return [(event.clientX - box.left) / zoom, (event.clientY - box.top) / zoom];
  };
  const found = span && measured(span[0], span[1], speed, gain);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div className={classes.scroll} tabIndex={0} role="region" aria-label={t('objects.ecg.tracing')}>
      <div className={classes.sheet} style={{ width: sheet.width * zoom, height: sheet.height * zoom }}>
        <canvas
          ref={canvas}
          role="img"
          aria-label={t('objects.ecg.label', { n: group.channels.length, seconds: group.seconds.toFixed(1) })}
          data-traces={sheet.traces.length}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            const place = placeOf(event);
            setSpan([place, place]);
            setMeasuring(true);
          }}
          onPointerMove={(event) => {
            if (measuring && span) setSpan([span[0], placeOf(event)]);
          }}
          onPointerUp={() => setMeasuring(false)}
        />
        {span && found && found.milliseconds > 0 && (
          <div
            className={classes.span}
            style={{
              left: Math.min(span[0][0], span[1][0]) * zoom,
              width: Math.abs(span[1][0] - span[0][0]) * zoom,
            }}
          >
            <output>
              {t('objects.ecg.interval', { ms: found.milliseconds })}
              {found.perMinute && ` · ${t('objects.ecg.rate', { n: found.perMinute })}`}
              {` · ${found.millivolts.toFixed(2)} mV`}
            </output>
          </div>
        )}
      </div>
    </div>
  );
}

interface Scale {
  speed: number;
  gain: number;
  zoom: number;
}

function draw(
  canvas: HTMLCanvasElement,
  sheet: Sheet,
  group: WaveformGroup,
  values: readonly Float32Array[],
  scale: Scale,
): void {
  const { speed, gain, zoom } = scale;
  const ratio = window.devicePixelRatio;
  canvas.width = Math.round(sheet.width * zoom * ratio);
  canvas.height = Math.round(sheet.height * zoom * ratio);
  canvas.style.width = `${sheet.width * zoom}px`;
  canvas.style.height = `${sheet.height * zoom}px`;
  const pen = canvas.getContext('2d')!;
  pen.scale(ratio * zoom, ratio * zoom);
  pen.fillStyle = '#fffdf8';
  pen.fillRect(0, 0, sheet.width, sheet.height);
  drawGrid(pen, sheet);
  pen.lineJoin = 'round';
  for (const { channel, name, middle, left, from, to } of sheet.traces) {
    const samples = values[channel];
    if (!samples) continue;
    const own = group.channels[channel]!;
    // what is no voltage fills its row
    const factor = own.unit === 'mV' ? gain : 20 / Math.max(1e-9, spread(samples));
    const zero = own.unit === 'mV' ? 0 : (Math.max(...extremes(samples)) + Math.min(...extremes(samples))) / 2;
    pen.beginPath();
    const [first, last] = [
      Math.floor(from * group.frequency),
      Math.min(samples.length, Math.ceil(to * group.frequency)),
    ];
    for (let at = first; at < last; at += 1) {
      const x = left + (at / group.frequency - from) * speed;
      const y = middle - (samples[at]! - zero) * factor;
      if (at === first) pen.moveTo(x, y);
      else pen.lineTo(x, y);
    }
    pen.strokeStyle = '#10131a';
    pen.lineWidth = 0.28;
    pen.stroke();
    pen.fillStyle = '#10131a';
    pen.font = '600 3.4px system-ui, "Segoe UI", "Noto Sans", sans-serif';
    pen.textBaseline = 'top';
    pen.fillText(name, left + 1.2, middle - 12);
  }
  pen.font = '3px system-ui, "Segoe UI", "Noto Sans", sans-serif';
  pen.textBaseline = 'bottom';
  pen.fillText(`${speed} mm/s   ${gain} mm/mV`, 6, sheet.height - 1.2);
}

const extremes = (samples: Float32Array): [number, number] => {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of samples) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
};
const spread = (samples: Float32Array) => {
  const [low, high] = extremes(samples);
  return high - low;
};

function drawGrid(pen: CanvasRenderingContext2D, { width, height }: Sheet): void {
  for (const [step, colour, line] of [
    [1, '#f3c9c4', 0.08],
    [5, '#e39a92', 0.16],
  ] as const) {
    pen.beginPath();
    for (let x = 0; x <= width; x += step) {
      pen.moveTo(x, 0);
      pen.lineTo(x, height);
    }
    for (let y = 0; y <= height; y += step) {
      pen.moveTo(0, y);
      pen.lineTo(width, y);
    }
    pen.strokeStyle = colour;
    pen.lineWidth = line;
    pen.stroke();
  }
}

/** What the machine says of the tracing: never more than a suggestion. */
function Statements({ waveform }: { waveform: Waveform }) {
  const { t } = useTranslation();
  const words = waveform.annotations.filter((one) => one.text && !one.value);
  const numbers = waveform.annotations.filter((one) => one.value);
  if (!words.length && !numbers.length) return null;
  return (
    <aside className={classes.statements} aria-label={t('objects.ecg.machine')}>
      <h3>{t('objects.ecg.machine')}</h3>
      <p className={classes.soft}>{t('objects.ecg.machine-explained')}</p>
      {words.map((one) => (
        <p key={one.text}>{one.text}</p>
      ))}
      <dl>
        {numbers.map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a tracing does not change
          <div key={index}>
            <dt>{one.name}</dt>
            <dd>
              {one.value} {one.unit}
            </dd>
          </div>
        ))}
      </dl>
    </aside>
  );
}
