/** The planes of a series, shared by the cells that show them and gone when the last of them is. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { openPlanes, type Planes, type PlanesState } from '../imaging/planes';
import type { Stack } from '../imaging/stack';

const open = new Map<string, { planes: Planes; users: number }>();

/** The planes of a stack for as long as the component is shown. */
export function usePlanes(stack: Stack | undefined): Planes | null {
  const { t } = useTranslation();
  const [planes, setPlanes] = useState<Planes | null>(null);
  useEffect(() => {
    if (!stack) return undefined;
    const known = open.get(stack.series);
    const words = (plane: 'axial' | 'coronal' | 'sagittal') => t('planes.description', { plane: t(`planes.${plane}`) });
    const mine = known?.planes.stack === stack ? known : { planes: openPlanes(stack, words), users: 0 };
    mine.users += 1;
    open.set(stack.series, mine);
    setPlanes(mine.planes);
    return () => {
      mine.users -= 1;
      setPlanes(null);
      if (mine.users > 0) return;
      mine.planes.close();
      if (open.get(stack.series) === mine) open.delete(stack.series);
    };
  }, [stack, t]);
  return planes;
}

/** The planes of a series that are on the screen now. */
export const planesOn = (series: string): Planes | undefined => open.get(series)?.planes;

const never = () => () => undefined;
const nothing = () => null;

export function usePlanesState(planes: Planes | null): PlanesState | null {
  return useSyncExternalStore(planes?.subscribe ?? never, planes?.getState ?? nothing);
}
