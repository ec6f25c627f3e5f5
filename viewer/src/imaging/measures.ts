/** Measurements: which there are on a stack, and the words beside them. */
import { eventTarget } from '@cornerstonejs/core';
import { annotation, Enums } from '@cornerstonejs/tools';
import i18n from '../i18n';
import type { Stack } from './stack';

type Measurement = ReturnType<typeof annotation.state.getAllAnnotations>[number];

/** The measurements on the frames of a stack, in the order in which they were made. */
export function measurementsOn(stack: Stack | null): Measurement[] {
  const frames = new Set(stack?.frames.map((frame) => frame.imageId));
  return annotation.state
    .getAllAnnotations()
    .filter(({ metadata }) => metadata?.referencedImageId && frames.has(metadata.referencedImageId));
}

/** Calls `listener` when measurements were made or removed, anywhere. Returns the way to stop listening. */
export function whenMeasured(listener: () => void): () => void {
  const events = [Enums.Events.ANNOTATION_ADDED, Enums.Events.ANNOTATION_COMPLETED, Enums.Events.ANNOTATION_REMOVED];
  for (const event of events) eventTarget.addEventListener(event, listener);
  return () => {
    for (const event of events) eventTarget.removeEventListener(event, listener);
  };
}

/** Removes those that are selected, else the last one. */
export function removeOne(measurements: readonly Measurement[]): void {
  const selected = measurements.filter((one) => one.isSelected);
  for (const { annotationUID } of selected.length ? selected : measurements.slice(-1)) {
    if (annotationUID) annotation.state.removeAnnotation(annotationUID);
  }
}

interface EllipseStatistics {
  area?: number;
  areaUnit?: string;
  mean?: number;
  stdDev?: number;
  min?: number;
  max?: number;
  modalityUnit?: string;
}

const known = (value: number | undefined): value is number => typeof value === 'number' && Number.isFinite(value);

/** Area and statistics of an elliptical region, as few lines as possible. */
export function ellipseLines(
  data: { cachedStats: Record<string, EllipseStatistics | undefined> },
  target: string,
): string[] {
  const found = data.cachedStats[target];
  if (!found) return [];
  const unit = found.modalityUnit ?? '';
  const say = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1));
  const lines: string[] = [];
  if (known(found.mean)) {
    const spread = known(found.stdDev) ? ` ± ${say(found.stdDev)}` : '';
    lines.push(i18n.t('measure.mean', { value: `${say(found.mean)}${spread} ${unit}`.trim() }));
  }
  if (known(found.min) && known(found.max)) {
    lines.push(i18n.t('measure.range', { from: say(found.min), to: say(found.max), unit }));
  }
  if (known(found.area))
    lines.push(i18n.t('measure.area', { value: `${say(found.area)} ${found.areaUnit ?? ''}`.trim() }));
  return lines;
}
