/** Thickness of the slab and how its samples become one; back from oblique planes. */
import { useTranslation } from 'react-i18next';
import type { Planes, PlanesState } from '../imaging/planes';
import type { Blend, Slab } from '../imaging/reformat';
import classes from './PlaneBar.module.css';

export const THICKNESSES: readonly number[] = [0, 2, 5, 10, 15, 20, 30, 50];
const BLENDS: readonly Blend[] = ['mip', 'minip', 'mean'];

/** The next thickness of the ladder, up or down. */
export function thicker(slab: Slab, by: 1 | -1): Slab {
  const next =
    by > 0 ? THICKNESSES.find((one) => one > slab.thickness) : THICKNESSES.findLast((one) => one < slab.thickness);
  return { ...slab, thickness: next ?? slab.thickness };
}

/** The next way of combining; a plane without thickness gets one to combine. */
export function nextBlend(slab: Slab): Slab {
  if (slab.thickness === 0) return { blend: slab.blend, thickness: 10 };
  return { ...slab, blend: BLENDS[(BLENDS.indexOf(slab.blend) + 1) % BLENDS.length]! };
}

export function PlaneBar({ planes, about }: { planes: Planes; about: PlanesState }) {
  const { t } = useTranslation();
  const { slab, here, oblique } = about;
  return (
    <div className={classes.bar} role="group" aria-label={t('planes.slab')}>
      <label>
        <span>{t('planes.slab')}</span>
        <select
          value={slab.thickness}
          onChange={(event) => planes.setSlab({ ...slab, thickness: Number(event.currentTarget.value) })}
        >
          {THICKNESSES.map((one) => (
            <option key={one} value={one}>
              {one === 0 ? t('planes.thin') : t('planes.mm', { n: one })}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{t('planes.blend')}</span>
        <select
          value={slab.blend}
          disabled={slab.thickness === 0}
          onChange={(event) => planes.setSlab({ ...slab, blend: event.currentTarget.value as Blend })}
        >
          {BLENDS.map((one) => (
            <option key={one} value={one}>
              {t(`planes.${one}`)}
            </option>
          ))}
        </select>
      </label>
      {oblique && (
        <button type="button" onClick={() => planes.straighten()}>
          {t('planes.straight')}
        </button>
      )}
      {here < 1 && <span className={classes.loading}>{t('planes.loading', { n: Math.floor(here * 100) })}</span>}
    </div>
  );
}
