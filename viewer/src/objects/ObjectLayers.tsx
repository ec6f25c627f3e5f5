/** What objects of the study lay over an image: overlays, shutters, presentation states, segmentations, contours; and the choice of them. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { numeric } from '../imaging/dicom';
import { alternatives } from '../imaging/drawing';
import { datasetAt, planeAt, type Stack } from '../imaging/stack';
import type { ImageView } from '../imaging/view';
import type { ViewState } from '../imaging/viewstate';
import { type Projection, useProjection } from '../tools/projection';
import { useShortcuts } from '../viewport/shortcuts';
import { useViews } from '../viewport/views';
import type { GreyNote } from './greys';
import { type Choice, chosenAtFirst, LayerMenu } from './LayerMenu';
import { face, layersOf, segmentFrame } from './node';
import classes from './ObjectLayers.module.css';
import { paintAnnotations, paintContour, paintPicture, paintShutter, planeMatrix } from './paint';
import { maskPicture, planePicture } from './pictures';
import { governs, notesOn, Seen, showVoi } from './seen';
import { compose, isAt, liesOn, onPlane, type Plane, segmentMatrix, segmentsOn } from './shapes';
import { shutterOf } from './shutter';
import type { Layer, LeftOut, OverlayPlane, Presentation, Segmentation, Shutter, Structures } from './types';

interface Props {
  view: ImageView | null;
  state: ViewState | null;
}

export function ObjectLayers({ view, state }: Props) {
  if (!view || !state?.stack || state.shown < 0) return null;
  return <Layers key={`${state.stack.study}/${state.stack.series}`} view={view} state={state} stack={state.stack} />;
}

const OVERLAY_ROWS = /^60[0-9A-F]{2}0010$/;

function useStored(stack: Stack, index: number) {
  const frame = stack.frames[index];
  const ds = useMemo(() => datasetAt(stack, index), [stack, index]);
  const hasPlanes = ds !== undefined && Object.keys(ds).some((tag) => OVERLAY_ROWS.test(tag));
  const place = { study: stack.study, series: stack.series, sop: frame?.sop ?? '' };
  const planes = useQuery({ ...face('overlays', place), enabled: hasPlanes && frame !== undefined }).data?.planes;
  return { planes: hasPlanes ? (planes ?? []) : [], shutter: ds ? shutterOf(ds) : null };
}

function useFaces<F extends 'presentation' | 'segmentation' | 'structures'>(name: F, layers: Layer[], study: string) {
  const answers = useQueries({
    queries: layers.map((layer) => face(name, { study, series: layer.series, sop: layer.sop })),
  });
  return new Map(layers.map((layer, index) => [layer.sop, answers[index]!.data]));
}

function Layers({ view, state, stack }: { view: ImageView; state: ViewState; stack: Stack }) {
  const { active } = useViews();
  const [choice, setChoice] = useState<Choice>(chosenAtFirst);
  const [opened, setOpened] = useState(false);
  const listed = useQuery(layersOf(stack.study, stack.series)).data ?? [];
  const of = (kind: Layer['kind']) => listed.filter((layer) => layer.kind === kind);
  const states = useFaces(
    'presentation',
    of('presentation').filter((one) => one.sop === choice.state),
    stack.study,
  );
  const segmentations = useFaces(
    'segmentation',
    of('segmentation').filter((one) => choice.shown.has(one.sop)),
    stack.study,
  );
  const structures = useFaces(
    'structures',
    of('structures').filter((one) => choice.shown.has(one.sop)),
    stack.study,
  );
  const stored = useStored(stack, state.shown);
  const frame = stack.frames[state.shown]!;
  const vois = useMemo(() => alternatives(frame.imageId), [frame.imageId]);
  const presentation = (choice.state && states.get(choice.state)) || null;

  const seen = useMemo(() => new Seen(view), [view]);
  const governing = presentation && governs(presentation, frame) ? presentation : null;

  // before the next picture is drawn; afterwards the reader may turn and window the image as ever
  useLayoutEffect(() => seen.follow(presentation, stack, state.shown), [seen, presentation, stack, state.shown]);
  const nextVoi = () => {
    if (vois.length < 2) return;
    const voi = (choice.voi + 1) % vois.length;
    showVoi(view, vois[voi]!);
    setChoice({ ...choice, voi });
  };
  useShortcuts((command) => {
    if (active !== view) return;
    if (command.do === 'layers') setOpened((known) => !known);
    if (command.do === 'next-window') nextVoi();
  });

  const drawing: Drawing = {
    stack,
    planes: choice.planes
      ? governing?.overlays.length
        ? [...stored.planes, ...governing.overlays]
        : stored.planes
      : [],
    shutter: choice.shutter ? (governing?.shutter ?? stored.shutter) : null,
    presentation: governing,
    segmentations: [...segmentations].flatMap(([sop, one]) => {
      const layer = listed.find((known) => known.sop === sop);
      return one && layer ? [{ layer, one }] : [];
    }),
    structures: [...structures.values()].filter((one) => one !== undefined),
    choice,
  };
  return (
    <>
      <Sheet view={view} drawing={drawing} />
      <Legend drawing={drawing} index={state.shown} />
      {presentation && (
        <StateWords
          label={presentation.label || presentation.description}
          names={governing !== null}
          notes={[...notesOn(presentation, stack, state.shown), ...(governing?.left_out ?? [])]}
        />
      )}
      <LayerMenu
        opened={opened}
        onOpened={setOpened}
        layers={listed}
        segmentations={segmentations}
        hasPlanes={stored.planes.length > 0}
        hasShutter={stored.shutter !== null || Boolean(governing?.shutter)}
        vois={vois}
        choice={choice}
        onChoose={setChoice}
        onVoi={(voi) => {
          showVoi(view, vois[voi]!);
          setChoice({ ...choice, voi });
        }}
      />
    </>
  );
}

const MOST_NAMES = 12;

/** On the image: which colour is what, of the things that are drawn on this very frame. */
function Legend({ drawing, index }: { drawing: Drawing; index: number }) {
  const { t } = useTranslation();
  const { stack, segmentations, structures, choice } = drawing;
  const frame = stack.frames[index];
  const ds = datasetAt(stack, index);
  if (!frame || !ds || segmentations.length + structures.length === 0) return null;
  const plane = placeOf(stack, index, numeric(ds, 'Columns') ?? 1, numeric(ds, 'Rows') ?? 1);
  const found = [
    ...segmentations.flatMap(({ layer, one }) =>
      segmentsOn(one, frame, plane)
        .filter(({ number }) => !choice.hidden.has(`${layer.sop} ${number}`))
        .map(({ number, colour, label, kind }) => ({
          key: `${layer.sop} ${number}`,
          colour,
          name: label || kind || String(number),
        })),
    ),
    ...structures.flatMap(({ label, structures: each }) =>
      each
        .filter(({ contours }) => plane && contours.some((contour) => isAt(contour, plane, frame.sop)))
        .map((one) => ({
          key: `${label} ${one.number}`,
          colour: one.colour,
          name: one.label || String(one.number),
        }))
        .filter(({ key }) => !choice.hidden.has(key)),
    ),
  ];
  if (!found.length) return null;
  return (
    <ul className={classes.legend} aria-label={t('objects.segmentations')}>
      {found.slice(0, MOST_NAMES).map(({ key, colour, name }) => (
        <li key={key} className={classes.segment}>
          <i style={{ background: `rgb(${colour.join(' ')})` }} />
          {name}
        </li>
      ))}
      {found.length > MOST_NAMES && <li>+{found.length - MOST_NAMES}</li>}
    </ul>
  );
}

/** On the image: what of the chosen state is not to be seen here. */
function StateWords({
  label,
  names,
  notes,
}: {
  label: string;
  names: boolean;
  notes: readonly (GreyNote | LeftOut)[];
}) {
  const { t } = useTranslation();
  if (names && notes.length === 0) return null;
  return (
    <div className={classes.words} role="note">
      {!names && <span>{t('objects.not-about', { label })}</span>}
      {notes.map((note) => (
        <span key={note}>{t(`objects.state-note.${note}`)}</span>
      ))}
    </div>
  );
}

interface Drawing {
  stack: Stack;
  planes: readonly OverlayPlane[];
  shutter: Shutter | null;
  presentation: Presentation | null;
  segmentations: readonly { layer: Layer; one: Segmentation }[];
  structures: readonly Structures[];
  choice: Choice;
}

function Sheet({ view, drawing }: { view: ImageView; drawing: Drawing }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const projection = useProjection(view);
  const turn = useRef(0);
  useEffect(() => {
    turn.current += 1;
    const mine = turn.current;
    if (canvas.current && projection) {
      void paint(canvas.current, view, projection, drawing, () => turn.current === mine);
    }
  });
  return <canvas ref={canvas} className={classes.sheet} data-objects={countOf(drawing)} />;
}

const countOf = ({ planes, shutter, presentation, segmentations, structures }: Drawing) =>
  planes.length + segmentations.length + structures.length + (shutter ? 1 : 0) + (presentation ? 1 : 0);

const WHITE = [255, 255, 255];
const REGION = [92, 205, 232];

/** Pictures are gathered first, so that what is on the screen never stands half drawn. */
async function paint(
  canvas: HTMLCanvasElement,
  view: ImageView,
  projection: Projection,
  drawing: Drawing,
  stillWanted: () => boolean,
): Promise<void> {
  const { stack, shutter, presentation, choice } = drawing;
  const { matrix, shown, columns, rows } = projection;
  const frame = stack.frames[shown];
  if (!frame) return;
  const plane = placeOf(stack, shown, columns, rows);
  const masks = await Promise.all([
    ...drawing.planes
      .filter((one) => one.group !== shutter?.bitmap)
      .map(async (one) => {
        const text = one.frames[Math.min(one.frames.length - 1, Math.max(0, frame.number - one.first_frame))];
        if (!text) return null;
        const picture = await planePicture(text, one.type === 'R' ? REGION : WHITE);
        return { picture, matrix: planeMatrix(matrix, one), opacity: 1, sharp: false };
      }),
    ...drawing.segmentations.flatMap(({ layer, one }) =>
      masksOf(stack.study, layer, one, frame, plane, choice, projection),
    ),
  ]).catch(() => []);
  const cover = shutter?.bitmap
    ? drawing.presentation?.overlays.find((one) => one.group === shutter.bitmap)
    : undefined;
  const covering =
    cover?.frames[0] && shutter
      ? await planePicture(cover.frames[0], [shutter.grey, shutter.grey, shutter.grey])
      : null;
  if (!stillWanted()) return;
  const ratio = window.devicePixelRatio;
  const [width, height] = [view.element.clientWidth, view.element.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext('2d')!;
  pen.scale(ratio, ratio);
  for (const mask of masks) if (mask) paintPicture(pen, mask.matrix, mask.picture, mask.opacity, mask.sharp);
  for (const one of drawing.structures) paintStructures(pen, projection, one, plane, frame.sop, choice);
  if (shutter) paintShutter(pen, matrix, shutter, columns, rows);
  if (cover && covering) paintPicture(pen, planeMatrix(matrix, cover), covering);
  if (presentation) paintAnnotations(pen, matrix, presentation, { sop: frame.sop, frame: frame.number, columns, rows });
}

/** Where the frame lies, from the outer corner of its first pixel. */
function placeOf(stack: Stack, index: number, columns: number, rows: number): Plane | null {
  const plane = planeAt(stack, index);
  if (!plane) return null;
  const [across, down] = [plane.width / columns, plane.height / rows];
  const corner = [0, 1, 2].map(
    (axis) => plane.origin[axis]! - plane.row[axis]! * (across / 2) - plane.column[axis]! * (down / 2),
  ) as [number, number, number];
  return { origin: corner, row: plane.row, column: plane.column, normal: plane.normal, across, down };
}

function masksOf(
  study: string,
  layer: Layer,
  one: Segmentation,
  frame: Stack['frames'][number],
  plane: Plane | null,
  choice: Choice,
  projection: Projection,
) {
  const hidden = (number: number) => choice.hidden.has(`${layer.sop} ${number}`);
  const colours = new Map(one.segments.map((segment) => [segment.number, segment.colour as [number, number, number]]));
  return one.frames
    .filter((part) => (part.segment === 0 || !hidden(part.segment)) && liesOn(part, frame.sop, frame.number, plane))
    .map(async (part) => {
      const place = plane ? segmentMatrix(part, plane) : null;
      const inner = place ?? [projection.columns / one.columns, 0, 0, projection.rows / one.rows, 0, 0];
      const address = segmentFrame({ study, series: layer.series, sop: layer.sop }, part.number);
      const off =
        part.segment === 0 ? one.segments.filter((each) => hidden(each.number)).map((each) => each.number) : [];
      const picture = await maskPicture(address, off.join(), (level) => {
        if (part.segment === 0) {
          const colour = off.includes(level) ? undefined : colours.get(level);
          return colour ? [...colour, 255] : null;
        }
        return [...(colours.get(part.segment) ?? [230, 85, 75]), level] as [number, number, number, number];
      });
      return { picture, matrix: compose(projection.matrix, inner), opacity: choice.opacity, sharp: true };
    });
}

function paintStructures(
  pen: CanvasRenderingContext2D,
  projection: Projection,
  set: Structures,
  plane: Plane | null,
  sop: string,
  choice: Choice,
): void {
  if (!plane) return;
  for (const structure of set.structures) {
    if (choice.hidden.has(`${set.label} ${structure.number}`)) continue;
    for (const { points, closed, source } of structure.contours) {
      const placed = points.map((point) => onPlane(plane, point));
      if (isAt({ points, source }, plane, sop)) {
        paintContour(
          pen,
          projection.matrix,
          placed.map(({ at }) => at),
          closed,
          structure.colour,
        );
      }
    }
  }
}
